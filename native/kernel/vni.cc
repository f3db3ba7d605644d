#include "kernel/vni.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

tunnel_msg TunnelOf(int32_t link) {
  tunnel_msg header{};
  header.family = AF_BRIDGE;
  header.ifindex = static_cast<uint32_t>(link);
  return header;
}

VniRow RowOf(const tunnel_msg& header, const Attributes& entry) {
  VniRow row;
  row.link = static_cast<int32_t>(header.ifindex);
  row.vni = entry.U32(VXLAN_VNIFILTER_ENTRY_START);
  row.end = entry.Has(VXLAN_VNIFILTER_ENTRY_END) ? entry.U32(VXLAN_VNIFILTER_ENTRY_END) : row.vni;
  if (entry.Bytes(VXLAN_VNIFILTER_ENTRY_GROUP, row.remote)) row.family = 4;
  if (entry.Bytes(VXLAN_VNIFILTER_ENTRY_GROUP6, row.remote)) row.family = 6;
  return row;
}

/** A reply has many, all of one link. */
void DecodeEntries(const nlmsghdr* reply, Columns<VniRow>& columns) {
  const auto header = HeaderIn<tunnel_msg>(reply);
  if (!header) return;
  const nlattr* attribute;
  int rest;
  nla_for_each_attr(attribute, nlmsg_attrdata(reply, sizeof *header), nlmsg_attrlen(reply, sizeof *header), rest) {
    if (nla_type(attribute) != VXLAN_VNIFILTER_ENTRY) continue;
    columns.Add(RowOf(*header, Attributes(nla_data(attribute), nla_len(attribute))));
  }
}

}  // namespace

Refused ApplyVni(Place& place, const VniOp& op) {
  int32_t link;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const Named type = op.verb == Verb::kDel ? CNM_NAMED(RTM_DELTUNNEL) : CNM_NAMED(RTM_NEWTUNNEL);
  Message message(type, 0, TunnelOf(link));
  {
    const Message::Nest entry(message, Nested(CNM_NAMED(VXLAN_VNIFILTER_ENTRY)));
    message.PutU32(CNM_NAMED(VXLAN_VNIFILTER_ENTRY_START), op.vni);
    if (op.end) message.PutU32(CNM_NAMED(VXLAN_VNIFILTER_ENTRY_END), *op.end);
    if (op.remote) {
      const bool v6 = op.remote->length == 16;
      message.PutAddress(v6 ? CNM_NAMED(VXLAN_VNIFILTER_ENTRY_GROUP6) : CNM_NAMED(VXLAN_VNIFILTER_ENTRY_GROUP),
                         *op.remote);
    }
  }
  return socket->Ask(message);
}

Table<VniRow> DumpVnis(Place& place, const Filter& filter) {
  int32_t link = 0;
  if (filter.link) {
    if (Refused refusal = ResolveLink(place, *filter.link, "", link)) return {.columns = {}, .refusal = refusal};
  }
  Message message(CNM_NAMED(RTM_GETTUNNEL), NLM_F_DUMP, TunnelOf(link));
  return ReadTable<VniRow>(place, &Place::Dump, message, DecodeEntries);
}

}  // namespace cnm
