#include "kernel/route_rows.h"

#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>

#include "kernel/link.h"
#include "kernel/route.h"
#include "kernel/rows.h"
#include "kernel/tables.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

uint8_t FamilyOf(const RoutesOp& op) { return op.tos.width == 16 ? AF_INET6 : AF_INET; }

rtmsg HeaderOf(const RoutesOp& op, Verb verb) {
  rtmsg header{};
  header.rtm_family = FamilyOf(op);
  if (verb == Verb::kDel) {
    // Nowhere: whatever scope the route has.
    header.rtm_scope = RT_SCOPE_NOWHERE;
    return header;
  }
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = op.via || op.vias.width > 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  return header;
}

/** Said even where it is the kernel's default: it tells a route from another to the same place. */
uint32_t MetricOf(const RoutesOp& op) { return op.metric.value_or(FamilyOf(op) == AF_INET6 ? IP6_RT_PRIO_USER : 0); }

}  // namespace

Refused ApplyRoutes(Place& place, const RoutesOp& op, const std::atomic<bool>& cancelled) {
  int32_t link = 0;
  if (op.link) {
    if (Refused refusal = ResolveLink(place, *op.link, "RTA_OIF", link)) return refusal;
  }
  const uint32_t table = op.table.value_or(RT_TABLE_MAIN);
  const auto pattern = [&](Verb verb) {
    const Named type = verb == Verb::kDel ? CNM_NAMED(RTM_DELROUTE) : CNM_NAMED(RTM_NEWROUTE);
    Pattern row(type, FlagsOf(verb), HeaderOf(op, verb));
    row.PutColumn(CNM_NAMED(RTA_DST), op.tos);
    row.PutInHeader(offsetof(rtmsg, rtm_dst_len), op.prefixes);
    row.PutColumn(CNM_NAMED(RTA_GATEWAY), op.vias);
    row.PutColumn(CNM_NAMED(RTA_OIF), op.links);
    if (op.via) PutVia(row.shared, op.tos.width, *op.via);
    if (op.link) row.shared.PutU32(CNM_NAMED(RTA_OIF), static_cast<uint32_t>(link));
    row.shared.PutU32(CNM_NAMED(RTA_TABLE), table);
    if (op.metric || verb != Verb::kDel) row.shared.PutU32(CNM_NAMED(RTA_PRIORITY), MetricOf(op));
    return row;
  };
  const auto dump = [&] { return RoutesRequest({.link = link, .family = FamilyOf(op), .table = table}); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump}, cancelled);
}

}  // namespace cnm
