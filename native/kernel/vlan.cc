#include "kernel/vlan.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

void PutVlan(Message& message, const VlanOp& op, uint32_t vid, uint32_t range) {
  bridge_vlan_info info{};
  info.vid = static_cast<uint16_t>(vid);
  info.flags = static_cast<uint16_t>((op.pvid ? BRIDGE_VLAN_INFO_PVID : 0) |
                                     (op.untagged ? BRIDGE_VLAN_INFO_UNTAGGED : 0) | range);
  message.Put(CNM_NAMED(IFLA_BRIDGE_VLAN_INFO), &info, sizeof info);
}

}  // namespace

Refused ApplyVlan(Place& place, const VlanOp& op) {
  int32_t link;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = link;
  Message message(op.verb == Verb::kDel ? CNM_NAMED(RTM_DELLINK) : CNM_NAMED(RTM_SETLINK), 0, header);
  {
    const Message::Nest spec(message, CNM_NAMED(IFLA_AF_SPEC));
    const int flags = (op.self ? BRIDGE_FLAGS_SELF : 0) | (op.master ? BRIDGE_FLAGS_MASTER : 0);
    if (flags) message.PutU16(CNM_NAMED(IFLA_BRIDGE_FLAGS), static_cast<uint16_t>(flags));
    PutVlan(message, op, op.vid, op.end ? BRIDGE_VLAN_INFO_RANGE_BEGIN : 0);
    if (op.end) PutVlan(message, op, *op.end, BRIDGE_VLAN_INFO_RANGE_END);
  }
  return socket->Ask(message);
}

/** All of one link; of a range the first and the last are said. */
void Decode(const nlmsghdr* reply, Columns<VlanRow>& columns) {
  const auto header = HeaderIn<ifinfomsg>(reply);
  if (!header) return;
  const auto [spec, size] = Attributes(reply, sizeof *header).Raw(IFLA_AF_SPEC);
  uint16_t first = 0;
  const nlattr* attribute;
  int rest;
  nla_for_each_attr(attribute, static_cast<const nlattr*>(spec), size, rest) {
    if (nla_type(attribute) != IFLA_BRIDGE_VLAN_INFO) continue;
    bridge_vlan_info info{};
    if (nla_len(attribute) < static_cast<int>(sizeof info)) continue;
    memcpy(&info, nla_data(attribute), sizeof info);
    if (info.flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
      first = info.vid;
      continue;
    }
    VlanRow row;
    row.link = header->ifi_index;
    row.vid = info.flags & BRIDGE_VLAN_INFO_RANGE_END ? first : info.vid;
    row.end = info.vid;
    row.pvid = info.flags & BRIDGE_VLAN_INFO_PVID ? 1 : 0;
    row.untagged = info.flags & BRIDGE_VLAN_INFO_UNTAGGED ? 1 : 0;
    columns.Add(row);
  }
}

Table<VlanRow> DumpVlans(Place& place, const Filter&) {
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  Message message(CNM_NAMED(RTM_GETLINK), NLM_F_DUMP, header);
  message.PutU32(CNM_NAMED(IFLA_EXT_MASK), RTEXT_FILTER_BRVLAN_COMPRESSED);
  return ReadTable<VlanRow>(place, &Place::Dump, message,
                            [](const nlmsghdr* reply, Columns<VlanRow>& columns) { Decode(reply, columns); });
}

}  // namespace cnm
