#include "kernel/nexthop.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <span>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/read_table.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

/** In one second, of the unit in which user space is told times. */
constexpr uint32_t kUserHz = 100;

int FamilyOf(const NexthopOp& op) {
  if (!op.group.empty()) return AF_UNSPEC;
  return op.family == 6 ? AF_INET6 : AF_INET;
}

nhmsg HeaderOf(const NexthopOp& op) {
  nhmsg header{};
  // To delete, the kernel wants nothing but the id.
  if (op.verb == Verb::kDel) return header;
  header.nh_family = static_cast<uint8_t>(FamilyOf(op));
  header.nh_protocol = static_cast<uint8_t>(op.protocol.value_or(RTPROT_UNSPEC));
  header.nh_flags = op.onlink ? RTNH_F_ONLINK : 0;
  return header;
}

void PutTimer(Message& message, Named attribute, const std::optional<uint32_t>& seconds) {
  if (seconds) message.PutU32(attribute, *seconds * kUserHz);
}

void PutGroup(Message& message, const NexthopOp& op) {
  std::vector<nexthop_grp> group;
  for (const NexthopMember& member : op.group) {
    nexthop_grp entry{};
    entry.id = member.id;
    entry.weight = static_cast<uint8_t>(member.weight.value_or(1) - 1);
    group.push_back(entry);
  }
  message.Put(CNM_NAMED(NHA_GROUP), group.data(), group.size() * sizeof(nexthop_grp));
  if (!op.resilient) return;
  message.PutU16(CNM_NAMED(NHA_GROUP_TYPE), NEXTHOP_GRP_TYPE_RES);
  const Message::Nest nest(message, Nested(CNM_NAMED(NHA_RES_GROUP)));
  const Resilience& resilience = *op.resilient;
  if (resilience.buckets) {
    message.PutU16(CNM_NAMED(NHA_RES_GROUP_BUCKETS), static_cast<uint16_t>(*resilience.buckets));
  }
  PutTimer(message, CNM_NAMED(NHA_RES_GROUP_IDLE_TIMER), resilience.idle_timer);
  PutTimer(message, CNM_NAMED(NHA_RES_GROUP_UNBALANCED_TIMER), resilience.unbalanced_timer);
}

/** '1,2/5': ids, with a weight that is not 1. */
std::string TextOf(std::span<const nexthop_grp> group) {
  std::string text;
  for (const nexthop_grp& member : group) {
    if (!text.empty()) text += '/';
    text += std::to_string(member.id);
    if (member.weight > 0) text += ',' + std::to_string(member.weight + 1);
  }
  return text;
}

NexthopRow RowOf(const nhmsg& header, const Attributes& attributes) {
  NexthopRow row;
  row.id = attributes.U32(NHA_ID);
  row.family = VersionOf(header.nh_family);
  attributes.Bytes(NHA_GATEWAY, row.via);
  row.link = attributes.Index(NHA_OIF);
  row.flags = header.nh_flags;
  row.scope = header.nh_scope;
  row.protocol = header.nh_protocol;
  row.blackhole = attributes.Has(NHA_BLACKHOLE);
  row.fdb = attributes.Has(NHA_FDB);
  row.buckets = attributes.Inside(NHA_RES_GROUP).U16(NHA_RES_GROUP_BUCKETS);
  const auto [group, size] = attributes.Raw(NHA_GROUP);
  row.group = TextOf({static_cast<const nexthop_grp*>(group), static_cast<size_t>(size) / sizeof(nexthop_grp)});
  return row;
}

}  // namespace

Refused ApplyNexthop(Place& place, const NexthopOp& op) {
  const bool del = op.verb == Verb::kDel;
  int32_t index = 0;
  if (op.link && !del) {
    if (Refused refusal = ResolveLink(place, *op.link, "NHA_OIF", index)) return refusal;
  }
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  Message message(del ? CNM_NAMED(RTM_DELNEXTHOP) : CNM_NAMED(RTM_NEWNEXTHOP), FlagsOf(op.verb), HeaderOf(op));
  message.PutU32(CNM_NAMED(NHA_ID), op.id);
  if (!del) {
    if (op.via) message.PutAddress(CNM_NAMED(NHA_GATEWAY), *op.via);
    if (op.link) message.PutU32(CNM_NAMED(NHA_OIF), static_cast<uint32_t>(index));
    if (op.blackhole) message.Put(CNM_NAMED(NHA_BLACKHOLE), nullptr, 0);
    if (!op.group.empty()) PutGroup(message, op);
    if (op.fdb) message.Put(CNM_NAMED(NHA_FDB), nullptr, 0);
  }
  return socket->Ask(message);
}

Table<NexthopRow> DumpNexthops(Place& place, const Filter& filter) {
  Message message(CNM_NAMED(RTM_GETNEXTHOP), NLM_F_DUMP, nhmsg{});
  if (filter.link) {
    int32_t link = 0;
    if (Refused refusal = ResolveLink(place, *filter.link, "", link)) {
      return {.columns = {}, .refusal = std::move(refusal)};
    }
    message.PutU32(CNM_NAMED(NHA_OIF), static_cast<uint32_t>(link));
  }
  return ReadTable<NexthopRow>(place, &Place::Dump, message, [](const nlmsghdr* reply, Columns<NexthopRow>& columns) {
    if (const auto header = HeaderIn<nhmsg>(reply)) columns.Add(RowOf(*header, Attributes(reply, sizeof *header)));
  });
}

}  // namespace cnm
