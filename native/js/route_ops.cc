#include "js/route_ops.h"

#include <string>

#include "js/link_ops.h"
#include "js/shared_fields.h"
#include "kernel/route.h"

namespace cnm {

namespace {

constexpr size_t kIPv6 = 16;
constexpr size_t kLabelMax = 15;

/** Only IPv4 has the scope: IPv6 knows that of an address, and has none of a route. */
void ReadScope(Fields& fields, size_t length, std::optional<uint32_t>& scope) {
  ReadOptionalWord(fields, "scope", Scopes(), scope);
  if (scope && length == kIPv6) fields.Fail("scope", "nothing, of IPv6");
}

void ReadLifetimes(Fields& fields, AddrOp& op) {
  fields.Optional("validLifetime", op.valid_lifetime);
  // The kernel means it as: delete.
  if (op.valid_lifetime == 0u) fields.Fail("validLifetime", "an integer from 1 to 4294967295");
  fields.Optional("preferredLifetime", op.preferred_lifetime);
  if (op.preferred_lifetime > op.valid_lifetime.value_or(UINT32_MAX)) {
    fields.Fail("preferredLifetime", "no more than the validLifetime");
  }
}

void ReadHop(Fields& fields, size_t length, RouteHop& hop) {
  ReadVia(fields, length, hop.via);
  ReadOptionalLink(fields, "link", hop.link);
  ReadFlag(fields, "onlink", hop.onlink);
  ReadWeight(fields, hop.weight);
}

void ReadHops(Fields& fields, RouteOp& op) {
  const Napi::Value value = fields.Get("hops");
  if (!fields.ok() || value.IsUndefined()) return;
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) return fields.Fail("hops", "an array of hops");
  if (op.via || op.link || op.onlink) return fields.Fail("hops", "nothing, beside via, link and onlink");
  const auto array = value.As<Napi::Array>();
  op.hops.resize(array.Length());
  for (uint32_t i = 0; i < op.hops.size() && fields.ok(); i++) {
    Fields hop(array.Get(i), fields.Name("hops") + "[" + std::to_string(i) + "]");
    ReadHop(hop, op.to.length, op.hops[i]);
    if (!hop.ok()) return;
  }
}

}  // namespace

void ReadAddress(Fields& fields, Verb verb, AddrOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  fields.Required("address", op.address);
  ReadPrefix(fields, op.address, op.prefix);
  const size_t length = op.address.length;
  ReadAddress(fields, "peer", length, op.peer);
  ReadAddress(fields, "broadcast", length, op.broadcast);
  if (op.broadcast && length == kIPv6) fields.Fail("broadcast", "nothing, of IPv6");
  fields.Optional("label", op.label);
  if (op.label && length == kIPv6) fields.Fail("label", "nothing, of IPv6");
  if (op.label && (op.label->empty() || op.label->size() > kLabelMax)) fields.Fail("label", "1 to 15 bytes");
  ReadScope(fields, length, op.scope);
  ReadFlag(fields, "noPrefixRoute", op.no_prefix_route);
  ReadFlag(fields, "home", op.home);
  if (op.home && length != kIPv6) fields.Fail("home", "nothing, of IPv4");
  ReadFlag(fields, "mngTmpAddr", op.mng_tmp_addr);
  if (op.mng_tmp_addr && length != kIPv6) fields.Fail("mngTmpAddr", "nothing, of IPv4");
  ReadLifetimes(fields, op);
}

void ReadRoute(Fields& fields, Verb verb, RouteOp& op) {
  op.verb = verb;
  fields.Required("to", op.to);
  ReadPrefix(fields, op.to, op.prefix);
  ReadOptionalWord(fields, "type", RouteTypes(), op.type);
  ReadVia(fields, op.to.length, op.via);
  ReadOptionalLink(fields, "link", op.link);
  ReadFlag(fields, "onlink", op.onlink);
  ReadHops(fields, op);
  fields.Optional("nexthopId", op.nexthop_id);
  if (op.nexthop_id && (op.via || op.link || op.onlink || !op.hops.empty())) {
    fields.Fail("nexthopId", "nothing, beside via, link, onlink and hops");
  }
  fields.Optional("table", op.table);
  fields.Optional("metric", op.metric);
  ReadNumber(fields, "protocol", UINT8_MAX, op.protocol);
  ReadScope(fields, op.to.length, op.scope);
  ReadAddress(fields, "src", op.to.length, op.src);
  fields.Optional("mtu", op.mtu);
}

}  // namespace cnm
