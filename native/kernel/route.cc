#include "kernel/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/link.h"
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

bool IsLocal(const RouteOp& op) { return op.type == uint32_t{RTN_LOCAL}; }

/** As ip has it. */
uint32_t DefaultScope(const RouteOp& op) {
  if (IsLocal(op)) return RT_SCOPE_HOST;
  const bool direct = op.type.value_or(RTN_UNICAST) == RTN_UNICAST && !op.via && op.hops.empty() && !op.nexthop_id;
  return direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

rtmsg HeaderOf(const RouteOp& op) {
  // Of a route that is to go, what is not said does not matter: nowhere is any scope.
  const bool del = op.verb == Verb::kDel;
  rtmsg header{};
  header.rtm_family = op.to.length == 16 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = op.prefix;
  header.rtm_type = static_cast<uint8_t>(op.type.value_or(del ? uint32_t{RTN_UNSPEC} : uint32_t{RTN_UNICAST}));
  header.rtm_protocol =
      static_cast<uint8_t>(op.protocol.value_or(del ? uint32_t{RTPROT_UNSPEC} : uint32_t{RTPROT_BOOT}));
  header.rtm_scope = static_cast<uint8_t>(op.scope.value_or(del ? uint32_t{RT_SCOPE_NOWHERE} : DefaultScope(op)));
  if (op.onlink) header.rtm_flags = RTNH_F_ONLINK;
  return header;
}

Refused Resolve(Place& place, const std::optional<LinkRef>& link, const char* attribute, int32_t& index) {
  index = 0;
  return link ? ResolveLink(place, *link, attribute, index) : Refused();
}

struct Via {
  Named attribute;
  std::vector<uint8_t> bytes;
};

/** Of the other family than the route, as the kernel has an rtvia: the family stands before it. */
Via ViaOf(size_t length, const Address& address) {
  Via via{.attribute = CNM_NAMED(RTA_GATEWAY),
          .bytes = {address.bytes.begin(), address.bytes.begin() + address.length}};
  if (address.length == length) return via;
  const __kernel_sa_family_t family = address.length == 16 ? AF_INET6 : AF_INET;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&family);
  via.attribute = CNM_NAMED(RTA_VIA);
  via.bytes.insert(via.bytes.begin(), bytes, bytes + sizeof family);
  return via;
}

void Put(Message& message, const Via& via) { message.Put(via.attribute, via.bytes.data(), via.bytes.size()); }

Refused PutHops(Place& place, Message& message, const RouteOp& op) {
  const Message::Nest multipath(message, CNM_NAMED(RTA_MULTIPATH));
  for (const RouteHop& hop : op.hops) {
    int32_t index;
    if (Refused refusal = Resolve(place, hop.link, "RTA_MULTIPATH", index)) return refusal;
    std::optional<Via> via;
    if (hop.via) via = ViaOf(op.to.length, *hop.via);
    rtnexthop header{};
    header.rtnh_len =
        static_cast<uint16_t>(sizeof header + (via ? nla_total_size(static_cast<int>(via->bytes.size())) : 0));
    header.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
    header.rtnh_hops = static_cast<uint8_t>(hop.weight.value_or(1) - 1);
    header.rtnh_ifindex = index;
    message.PutHeader(&header, sizeof header);
    if (via) Put(message, *via);
  }
  return {};
}

}  // namespace

std::span<const Word> Scopes() { return kScopes; }

std::span<const Word> RouteTypes() { return kTypes; }

void PutVia(Message& message, size_t length, const Address& via) { Put(message, ViaOf(length, via)); }

Refused ApplyRoute(Place& place, const RouteOp& op) {
  int32_t index;
  if (Refused refusal = Resolve(place, op.link, "RTA_OIF", index)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const Named type = op.verb == Verb::kDel ? CNM_NAMED(RTM_DELROUTE) : CNM_NAMED(RTM_NEWROUTE);
  Message message(type, FlagsOf(op.verb), HeaderOf(op));
  if (op.prefix > 0) message.PutAddress(CNM_NAMED(RTA_DST), op.to);
  if (op.via) PutVia(message, op.to.length, *op.via);
  if (op.link) message.PutU32(CNM_NAMED(RTA_OIF), static_cast<uint32_t>(index));
  if (!op.hops.empty()) {
    if (Refused refusal = PutHops(place, message, op)) return refusal;
  }
  if (op.nexthop_id) message.PutU32(CNM_NAMED(RTA_NH_ID), *op.nexthop_id);
  message.PutU32(CNM_NAMED(RTA_TABLE), op.table.value_or(IsLocal(op) ? RT_TABLE_LOCAL : RT_TABLE_MAIN));
  if (op.metric) message.PutU32(CNM_NAMED(RTA_PRIORITY), *op.metric);
  if (op.src) message.PutAddress(CNM_NAMED(RTA_PREFSRC), *op.src);
  if (op.mtu) {
    const Message::Nest metrics(message, CNM_NAMED(RTA_METRICS));
    message.PutU32(CNM_NAMED(RTAX_MTU), *op.mtu);
  }
  return socket->Ask(message);
}

}  // namespace cnm
