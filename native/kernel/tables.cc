#include "kernel/tables.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

void Decode(const nlmsghdr* reply, const ifinfomsg& header, Columns<LinkRow>& columns) {
  const Attributes attributes(reply, sizeof header);
  LinkRow row;
  row.index = header.ifi_index;
  row.flags = header.ifi_flags;
  row.mtu = attributes.U32(IFLA_MTU);
  row.master = attributes.Index(IFLA_MASTER);
  row.parent = attributes.Index(IFLA_LINK);
  if (attributes.Has(IFLA_LINK_NETNSID)) row.parent_netns = attributes.Index(IFLA_LINK_NETNSID);
  row.group = attributes.U32(IFLA_GROUP);
  attributes.Bytes(IFLA_ADDRESS, row.mac);
  row.oper_state = attributes.U8(IFLA_OPERSTATE);
  row.name = attributes.Text(IFLA_IFNAME);
  const Attributes info = attributes.Inside(IFLA_LINKINFO);
  row.kind = info.Text(IFLA_INFO_KIND);
  if (row.kind == "vlan") row.vlan = info.Inside(IFLA_INFO_DATA).U16(IFLA_VLAN_ID);
  if (row.kind == "bridge") row.vlan_filtering = info.Inside(IFLA_INFO_DATA).U8(IFLA_BR_VLAN_FILTERING);
  columns.Add(row);
}

void Decode(const nlmsghdr* reply, const ifaddrmsg& header, Columns<AddressRow>& columns) {
  const Attributes attributes(reply, sizeof header);
  AddressRow row;
  row.family = VersionOf(header.ifa_family);
  if (row.family == 0) return;
  row.link = static_cast<int32_t>(header.ifa_index);
  row.prefix = header.ifa_prefixlen;
  row.scope = header.ifa_scope;
  row.flags = attributes.U32(IFA_FLAGS);
  // On a point-to-point link IFA_ADDRESS is the other end; where both are the same IPv6 has no IFA_LOCAL.
  if (!attributes.Bytes(IFA_LOCAL, row.address)) attributes.Bytes(IFA_ADDRESS, row.address);
  columns.Add(row);
}

/** One of the other family is said with it. */
void DecodeVia(const Attributes& attributes, RouteRow& row) {
  if (attributes.Bytes(RTA_GATEWAY, row.via)) row.via_family = row.family;
  const auto [data, size] = attributes.Raw(RTA_VIA);
  if (size <= static_cast<int>(sizeof(rtvia))) return;
  const auto& via = *static_cast<const rtvia*>(data);
  row.via_family = VersionOf(via.rtvia_family);
  memcpy(row.via.data(), via.rtvia_addr, std::min(row.via.size(), static_cast<size_t>(size) - sizeof via));
}

/** The first of several next hops. */
void DecodeMultipath(const Attributes& attributes, RouteRow& row) {
  const auto [data, size] = attributes.Raw(RTA_MULTIPATH);
  const auto* hop = static_cast<const rtnexthop*>(data);
  if (size < static_cast<int>(sizeof *hop) || hop->rtnh_len < sizeof *hop || hop->rtnh_len > size) return;
  row.link = hop->rtnh_ifindex;
  DecodeVia(Attributes(hop + 1, hop->rtnh_len - static_cast<int>(sizeof *hop)), row);
}

void Decode(const nlmsghdr* reply, const rtmsg& header, Columns<RouteRow>& columns) {
  const Attributes attributes(reply, sizeof header);
  RouteRow row;
  row.family = VersionOf(header.rtm_family);
  if (row.family == 0) return;
  row.prefix = header.rtm_dst_len;
  row.table = attributes.U32(RTA_TABLE);
  row.protocol = header.rtm_protocol;
  row.scope = header.rtm_scope;
  row.type = header.rtm_type;
  row.link = attributes.Index(RTA_OIF);
  row.metric = attributes.U32(RTA_PRIORITY);
  attributes.Bytes(RTA_DST, row.to);
  DecodeVia(attributes, row);
  row.nexthop_id = attributes.U32(RTA_NH_ID);
  if (row.link == 0) DecodeMultipath(attributes, row);
  columns.Add(row);
}

void Decode(const nlmsghdr* reply, const ndmsg& header, Columns<NeighRow>& columns) {
  const Attributes attributes(reply, sizeof header);
  NeighRow row;
  row.family = VersionOf(header.ndm_family);
  if (row.family == 0) return;
  row.link = header.ndm_ifindex;
  row.state = header.ndm_state;
  row.flags = header.ndm_flags;
  attributes.Bytes(NDA_DST, row.address);
  attributes.Bytes(NDA_LLADDR, row.mac);
  columns.Add(row);
}

void Decode(const nlmsghdr* reply, const ndmsg& header, Columns<FdbRow>& columns) {
  const Attributes attributes(reply, sizeof header);
  FdbRow row;
  row.link = header.ndm_ifindex;
  row.state = header.ndm_state;
  row.flags = header.ndm_flags;
  row.master = attributes.Index(NDA_MASTER);
  attributes.Bytes(NDA_LLADDR, row.mac);
  const int size = attributes.Raw(NDA_DST).second;
  row.family = size == 4 ? 4 : size == 16 ? 6 : 0;
  attributes.Bytes(NDA_DST, row.dst);
  row.nhid = attributes.U32(NDA_NH_ID);
  row.vni = attributes.U32(NDA_VNI);
  row.src_vni = attributes.U32(NDA_SRC_VNI);
  row.port = ntohs(attributes.U16(NDA_PORT));
  row.via = attributes.Index(NDA_IFINDEX);
  row.vlan = attributes.U16(NDA_VLAN);
  columns.Add(row);
}

void PutIndex(Message& message, Named attribute, int32_t index) {
  if (index) message.PutU32(attribute, static_cast<uint32_t>(index));
}

Refused Resolve(Place& place, const Filter& filter, Wanted& wanted) {
  if (filter.link) {
    if (Refused refusal = ResolveLink(place, *filter.link, "", wanted.link)) return refusal;
  }
  if (filter.master) {
    if (Refused refusal = ResolveLink(place, *filter.master, "", wanted.master)) return refusal;
  }
  if (filter.family) wanted.family = *filter.family == 6 ? AF_INET6 : AF_INET;
  wanted.table = filter.table.value_or(0);
  wanted.type = static_cast<uint8_t>(filter.type.value_or(0));
  wanted.proxy = filter.proxy;
  return {};
}

/** One that is shorter than its header says nothing. */
template <typename Header, typename Row>
void DecodeAs(const nlmsghdr* message, Columns<Row>& columns) {
  if (const auto header = HeaderIn<Header>(message)) Decode(message, *header, columns);
}

template <typename Row>
Table<Row> Dump(Place& place, const Filter& filter, Message (*request)(const Wanted&)) {
  Wanted wanted;
  if (Refused refusal = Resolve(place, filter, wanted)) return {.columns = {}, .refusal = std::move(refusal)};
  Message message = request(wanted);
  return ReadTable<Row>(place, &Place::Dump, message,
                        [](const nlmsghdr* reply, Columns<Row>& columns) { cnm::Decode(reply, columns); });
}

}  // namespace

void Decode(const nlmsghdr* message, Columns<LinkRow>& columns) { DecodeAs<ifinfomsg>(message, columns); }

void Decode(const nlmsghdr* message, Columns<AddressRow>& columns) { DecodeAs<ifaddrmsg>(message, columns); }

void Decode(const nlmsghdr* message, Columns<RouteRow>& columns) { DecodeAs<rtmsg>(message, columns); }

void Decode(const nlmsghdr* message, Columns<NeighRow>& columns) { DecodeAs<ndmsg>(message, columns); }

void Decode(const nlmsghdr* message, Columns<FdbRow>& columns) { DecodeAs<ndmsg>(message, columns); }

/** The kernel has no filter for one link, but a request of its own. */
Message LinksRequest(const Wanted& wanted) {
  ifinfomsg header{};
  header.ifi_index = wanted.link;
  Message message(CNM_NAMED(RTM_GETLINK), wanted.link ? 0 : NLM_F_DUMP, header);
  message.PutU32(CNM_NAMED(IFLA_EXT_MASK), RTEXT_FILTER_SKIP_STATS);
  PutIndex(message, CNM_NAMED(IFLA_MASTER), wanted.master);
  return message;
}

Message AddressesRequest(const Wanted& wanted) {
  ifaddrmsg header{};
  header.ifa_family = wanted.family;
  header.ifa_index = static_cast<uint32_t>(wanted.link);
  return Message(CNM_NAMED(RTM_GETADDR), NLM_F_DUMP, header);
}

Message RoutesRequest(const Wanted& wanted) {
  rtmsg header{};
  header.rtm_family = wanted.family;
  header.rtm_type = wanted.type;
  Message message(CNM_NAMED(RTM_GETROUTE), NLM_F_DUMP, header);
  PutIndex(message, CNM_NAMED(RTA_OIF), wanted.link);
  if (wanted.table) message.PutU32(CNM_NAMED(RTA_TABLE), wanted.table);
  return message;
}

Message NeighboursRequest(const Wanted& wanted) {
  ndmsg header{};
  header.ndm_family = wanted.family;
  header.ndm_flags = wanted.proxy ? NTF_PROXY : 0;
  Message message(CNM_NAMED(RTM_GETNEIGH), NLM_F_DUMP, header);
  PutIndex(message, CNM_NAMED(NDA_IFINDEX), wanted.link);
  PutIndex(message, CNM_NAMED(NDA_MASTER), wanted.master);
  return message;
}

Message ForwardingRequest(const Wanted& wanted) {
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  header.ndm_ifindex = wanted.link;
  Message message(CNM_NAMED(RTM_GETNEIGH), NLM_F_DUMP, header);
  PutIndex(message, CNM_NAMED(NDA_MASTER), wanted.master);
  return message;
}

Table<LinkRow> DumpLinks(Place& place, const Filter& filter) { return Dump<LinkRow>(place, filter, LinksRequest); }

Table<AddressRow> DumpAddresses(Place& place, const Filter& filter) {
  return Dump<AddressRow>(place, filter, AddressesRequest);
}

Table<RouteRow> DumpRoutes(Place& place, const Filter& filter) { return Dump<RouteRow>(place, filter, RoutesRequest); }

Table<NeighRow> DumpNeighbours(Place& place, const Filter& filter) {
  return Dump<NeighRow>(place, filter, NeighboursRequest);
}

Table<FdbRow> DumpForwarding(Place& place, const Filter& filter) {
  return Dump<FdbRow>(place, filter, ForwardingRequest);
}

}  // namespace cnm
