#include "kernel/tables.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/attributes.h"

namespace cnm {

namespace {

/** 4, 6, or 0 for families that we have no use for. */
uint8_t FamilyOf(int family) { return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0; }

void Decode(const nlmsghdr* reply, const ifinfomsg& header, std::vector<LinkRow>& rows) {
  const Attributes attributes(reply, sizeof header);
  LinkRow row;
  row.index = header.ifi_index;
  row.flags = header.ifi_flags;
  row.mtu = attributes.U32(IFLA_MTU);
  row.master = attributes.Index(IFLA_MASTER);
  row.parent = attributes.Index(IFLA_LINK);
  row.group = attributes.U32(IFLA_GROUP);
  attributes.Bytes(IFLA_ADDRESS, row.mac);
  row.oper_state = attributes.U8(IFLA_OPERSTATE);
  row.name = attributes.Text(IFLA_IFNAME);
  row.kind = attributes.Inside(IFLA_LINKINFO).Text(IFLA_INFO_KIND);
  rows.push_back(std::move(row));
}

void Decode(const nlmsghdr* reply, const ifaddrmsg& header, std::vector<AddressRow>& rows) {
  const Attributes attributes(reply, sizeof header);
  AddressRow row;
  row.family = FamilyOf(header.ifa_family);
  if (row.family == 0) return;
  row.link = static_cast<int32_t>(header.ifa_index);
  row.prefix = header.ifa_prefixlen;
  row.scope = header.ifa_scope;
  row.flags = attributes.U32(IFA_FLAGS);
  // On a point-to-point link IFA_ADDRESS is the other end; where both are the same IPv6 has no IFA_LOCAL.
  if (!attributes.Bytes(IFA_LOCAL, row.address)) attributes.Bytes(IFA_ADDRESS, row.address);
  rows.push_back(row);
}

/** The first of several next hops. */
void DecodeMultipath(const Attributes& attributes, RouteRow& row) {
  const auto [data, size] = attributes.Raw(RTA_MULTIPATH);
  const auto* hop = static_cast<const rtnexthop*>(data);
  if (size < static_cast<int>(sizeof *hop) || hop->rtnh_len < sizeof *hop || hop->rtnh_len > size) return;
  row.link = hop->rtnh_ifindex;
  Attributes(hop + 1, hop->rtnh_len - static_cast<int>(sizeof *hop)).Bytes(RTA_GATEWAY, row.via);
}

void Decode(const nlmsghdr* reply, const rtmsg& header, std::vector<RouteRow>& rows) {
  const Attributes attributes(reply, sizeof header);
  RouteRow row;
  row.family = FamilyOf(header.rtm_family);
  if (row.family == 0) return;
  row.prefix = header.rtm_dst_len;
  row.table = attributes.U32(RTA_TABLE);
  row.protocol = header.rtm_protocol;
  row.scope = header.rtm_scope;
  row.type = header.rtm_type;
  row.link = attributes.Index(RTA_OIF);
  row.metric = attributes.U32(RTA_PRIORITY);
  attributes.Bytes(RTA_DST, row.to);
  attributes.Bytes(RTA_GATEWAY, row.via);
  if (row.link == 0) DecodeMultipath(attributes, row);
  rows.push_back(row);
}

void Decode(const nlmsghdr* reply, const ndmsg& header, std::vector<NeighRow>& rows) {
  const Attributes attributes(reply, sizeof header);
  NeighRow row;
  row.family = FamilyOf(header.ndm_family);
  if (row.family == 0) return;
  row.link = header.ndm_ifindex;
  row.state = header.ndm_state;
  row.flags = header.ndm_flags;
  attributes.Bytes(NDA_DST, row.address);
  attributes.Bytes(NDA_LLADDR, row.mac);
  rows.push_back(row);
}

void Decode(const nlmsghdr* reply, const ndmsg& header, std::vector<FdbRow>& rows) {
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
  row.vni = attributes.U32(NDA_VNI);
  row.src_vni = attributes.U32(NDA_SRC_VNI);
  row.port = ntohs(attributes.U16(NDA_PORT));
  row.via = attributes.Index(NDA_IFINDEX);
  row.vlan = attributes.U16(NDA_VLAN);
  rows.push_back(row);
}

template <typename Row, typename Header>
Table<Row> Dump(Place& place, Message& message) {
  Table<Row> table;
  Socket* socket;
  table.refusal = place.Route(socket);
  if (table.refusal) return table;
  const auto on_reply = [&](const nlmsghdr* reply) {
    if (nlmsg_datalen(reply) < static_cast<int>(sizeof(Header))) return;
    Decode(reply, *static_cast<const Header*>(nlmsg_data(reply)), table.rows);
  };
  table.refusal = socket->Ask(message, on_reply, [&] { table.rows.clear(); });
  if (table.refusal) table.rows.clear();
  return table;
}

}  // namespace

Table<LinkRow> DumpLinks(Place& place) {
  Message message(CNM_NAMED(RTM_GETLINK), NLM_F_DUMP, ifinfomsg{});
  message.PutU32(CNM_NAMED(IFLA_EXT_MASK), RTEXT_FILTER_SKIP_STATS);
  return Dump<LinkRow, ifinfomsg>(place, message);
}

Table<AddressRow> DumpAddresses(Place& place) {
  Message message(CNM_NAMED(RTM_GETADDR), NLM_F_DUMP, ifaddrmsg{});
  return Dump<AddressRow, ifaddrmsg>(place, message);
}

Table<RouteRow> DumpRoutes(Place& place) {
  Message message(CNM_NAMED(RTM_GETROUTE), NLM_F_DUMP, rtmsg{});
  return Dump<RouteRow, rtmsg>(place, message);
}

Table<NeighRow> DumpNeighbours(Place& place) {
  Message message(CNM_NAMED(RTM_GETNEIGH), NLM_F_DUMP, ndmsg{});
  return Dump<NeighRow, ndmsg>(place, message);
}

Table<FdbRow> DumpForwarding(Place& place) {
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  Message message(CNM_NAMED(RTM_GETNEIGH), NLM_F_DUMP, header);
  return Dump<FdbRow, ndmsg>(place, message);
}

}  // namespace cnm
