#include "kernel/route.h"

#include <linux/ipv6_route.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/rows.h"
#include "kernel/tables.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr Word kScopes[] = {{"global", RT_SCOPE_UNIVERSE},
                            {"site", RT_SCOPE_SITE},
                            {"link", RT_SCOPE_LINK},
                            {"host", RT_SCOPE_HOST},
                            {"nowhere", RT_SCOPE_NOWHERE}};
constexpr Word kTypes[] = {{"unicast", RTN_UNICAST},         {"local", RTN_LOCAL},       {"blackhole", RTN_BLACKHOLE},
                           {"unreachable", RTN_UNREACHABLE}, {"prohibit", RTN_PROHIBIT}, {"throw", RTN_THROW}};

uint8_t FamilyOf(const RouteOp& op) { return op.tos.width == 16 ? AF_INET6 : AF_INET; }

bool IsLocal(const RouteOp& op) { return op.type == uint32_t{RTN_LOCAL}; }

/** As ip has it; IPv6 has none. */
uint32_t DefaultScope(const RouteOp& op) {
  if (FamilyOf(op) == AF_INET6) return RT_SCOPE_UNIVERSE;
  if (IsLocal(op)) return RT_SCOPE_HOST;
  const bool leads = op.vias.width > 0 || !op.hops.empty() || op.nexthop_ids.width > 0;
  return op.type.value_or(RTN_UNICAST) == RTN_UNICAST && !leads ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** Said even where it is the kernel's default: it tells a route from another to the same place. */
uint32_t MetricOf(const RouteOp& op) { return op.metric.value_or(FamilyOf(op) == AF_INET6 ? IP6_RT_PRIO_USER : 0); }

rtmsg HeaderOf(const RouteOp& op) {
  // Of a route that is to go, what is not said does not matter: nowhere is any scope.
  const bool del = op.verb == Verb::kDel;
  rtmsg header{};
  header.rtm_family = FamilyOf(op);
  header.rtm_type = static_cast<uint8_t>(op.type.value_or(del ? uint32_t{RTN_UNSPEC} : uint32_t{RTN_UNICAST}));
  header.rtm_protocol =
      static_cast<uint8_t>(op.protocol.value_or(del ? uint32_t{RTPROT_UNSPEC} : uint32_t{RTPROT_BOOT}));
  header.rtm_scope = static_cast<uint8_t>(op.scope.value_or(del ? uint32_t{RT_SCOPE_NOWHERE} : DefaultScope(op)));
  if (op.onlink) header.rtm_flags = RTNH_F_ONLINK;
  return header;
}

bool IsWanted(const RouteOp& op, const nlmsghdr* reply) {
  const auto fits = [](uint8_t wanted, uint8_t told, uint8_t any) { return wanted == any || wanted == told; };
  const rtmsg wanted = HeaderOf(op);
  const auto* told = HeaderIn<rtmsg>(reply);
  // The type can be that of the next hop: a blackhole.
  const bool has_type = op.nexthop_ids.width == 0;
  return told && (!has_type || fits(wanted.rtm_type, told->rtm_type, RTN_UNSPEC)) &&
         fits(wanted.rtm_protocol, told->rtm_protocol, RTPROT_UNSPEC) &&
         fits(wanted.rtm_scope, told->rtm_scope, RT_SCOPE_NOWHERE);
}

/** Their ifindexes; 0 where the kernel is to find the link. */
Refused ResolveHops(Place& place, const std::vector<RouteHop>& hops, std::vector<int32_t>& links) {
  links.resize(hops.size());
  for (size_t i = 0; i < hops.size(); i++) {
    if (!hops[i].link) continue;
    if (Refused refusal = ResolveLink(place, *hops[i].link, "RTA_MULTIPATH", links[i])) return refusal;
  }
  return {};
}

void PutHops(Message& message, const std::vector<RouteHop>& hops, const std::vector<int32_t>& links) {
  const Message::Nest multipath(message, CNM_NAMED(RTA_MULTIPATH));
  for (size_t i = 0; i < hops.size(); i++) {
    const RouteHop& hop = hops[i];
    rtnexthop header{};
    header.rtnh_len = static_cast<uint16_t>(sizeof header + (hop.via ? NLA_HDRLEN + hop.via->length : 0));
    header.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    header.rtnh_hops = static_cast<uint8_t>(hop.weight.value_or(1) - 1);
    header.rtnh_ifindex = links[i];
    message.PutHeader(&header, sizeof header);
    if (hop.via) message.PutAddress(CNM_NAMED(RTA_GATEWAY), *hop.via);
  }
}

}  // namespace

std::span<const Word> Scopes() { return kScopes; }

std::span<const Word> RouteTypes() { return kTypes; }

Refused ApplyRoutes(Place& place, const RouteOp& op, const std::atomic<bool>& cancelled) {
  int32_t link = 0;
  if (op.link) {
    if (Refused refusal = ResolveLink(place, *op.link, "RTA_OIF", link)) return refusal;
  }
  std::vector<int32_t> hop_links;
  if (Refused refusal = ResolveHops(place, op.hops, hop_links)) return refusal;
  const uint32_t table = op.table.value_or(IsLocal(op) ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
  // The header is the same when rows are taken back: they, and no others to the same place.
  const auto pattern = [&](Verb verb) {
    const Named type = verb == Verb::kDel ? CNM_NAMED(RTM_DELROUTE) : CNM_NAMED(RTM_NEWROUTE);
    Pattern row(type, FlagsOf(verb), HeaderOf(op), {.other = {RTA_MULTIPATH}});
    row.PutColumn(CNM_NAMED(RTA_DST), op.tos);
    row.PutInHeader(offsetof(rtmsg, rtm_dst_len), op.prefixes);
    row.PutColumn(CNM_NAMED(RTA_GATEWAY), op.vias);
    row.PutColumn(CNM_NAMED(RTA_OIF), op.links);
    row.PutColumn(CNM_NAMED(RTA_NH_ID), op.nexthop_ids);
    if (op.link) row.shared.PutU32(CNM_NAMED(RTA_OIF), static_cast<uint32_t>(link));
    if (!op.hops.empty()) PutHops(row.shared, op.hops, hop_links);
    row.shared.PutU32(CNM_NAMED(RTA_TABLE), table);
    if (op.metric || op.verb != Verb::kDel) row.shared.PutU32(CNM_NAMED(RTA_PRIORITY), MetricOf(op));
    if (op.src) row.shared.PutAddress(CNM_NAMED(RTA_PREFSRC), *op.src);
    if (op.mtu) {
      const Message::Nest metrics(row.shared, CNM_NAMED(RTA_METRICS));
      row.shared.PutU32(CNM_NAMED(RTAX_MTU), *op.mtu);
    }
    return row;
  };
  const auto dump = [&] { return RoutesRequest({.link = link, .family = FamilyOf(op), .table = table}); };
  const auto among = [&](const nlmsghdr* reply) { return IsWanted(op, reply); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump, .among = among},
                   cancelled);
}

}  // namespace cnm
