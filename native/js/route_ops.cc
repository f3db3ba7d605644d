#include "js/route_ops.h"

#include <algorithm>
#include <string>

#include "js/link_ops.h"
#include "js/packed.h"
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

/** A byte for each row, or one for all. */
void ReadPrefixes(Fields& fields, size_t width, size_t count, Packed& prefixes) {
  std::optional<uint32_t> one;
  ReadNumber(fields, "prefix", static_cast<uint32_t>(width) * 8, one);
  if (one) prefixes = One(static_cast<uint8_t>(*one));
  ReadColumn(fields, "prefixes", "prefix", 1, count, prefixes);
  if (prefixes.width == 0) fields.Fail("prefix", "a number, or the column 'prefixes'");
  if (std::ranges::any_of(prefixes.bytes, [&](uint8_t prefix) { return prefix > width * 8; })) {
    fields.Fail("prefixes", "integers from 0 to " + std::to_string(width * 8));
  }
}

void ReadLinks(Fields& fields, size_t count, const std::optional<LinkRef>& link, Packed& links) {
  ReadColumn(fields, "links", "link", sizeof(int32_t), count, links);
  if (link && links.width > 0) fields.Fail("links", "nothing, beside link");
}

/** One value for all rows, of the width of their addresses. */
void ReadOne(Fields& fields, const char* key, size_t width, Packed& column) {
  std::optional<Address> one;
  ReadAddress(fields, key, width, one);
  if (one) column = One(*one);
}

/** What all addresses have in common, or the only one has. */
void ReadShared(Fields& fields, Verb verb, size_t width, AddrOp& op) {
  op.verb = verb;
  const bool is_ipv6 = width == kIPv6;
  ReadOptionalLink(fields, "link", op.link);
  ReadOne(fields, "peer", width, op.peers);
  ReadAddress(fields, "broadcast", width, op.broadcast);
  if (op.broadcast && is_ipv6) fields.Fail("broadcast", "nothing, of IPv6");
  fields.Optional("label", op.label);
  if (op.label && is_ipv6) fields.Fail("label", "nothing, of IPv6");
  if (op.label && (op.label->empty() || op.label->size() > kLabelMax)) fields.Fail("label", "1 to 15 bytes");
  ReadScope(fields, width, op.scope);
  ReadFlag(fields, "noPrefixRoute", op.no_prefix_route);
  ReadFlag(fields, "home", op.home);
  if (op.home && !is_ipv6) fields.Fail("home", "nothing, of IPv4");
  ReadFlag(fields, "mngTmpAddr", op.mng_tmp_addr);
  if (op.mng_tmp_addr && !is_ipv6) fields.Fail("mngTmpAddr", "nothing, of IPv4");
  ReadLifetimes(fields, op);
}

/** What all routes have in common, or the only one has. */
void ReadShared(Fields& fields, Verb verb, size_t width, RouteOp& op) {
  op.verb = verb;
  ReadOptionalWord(fields, "type", RouteTypes(), op.type);
  ReadOne(fields, "via", width, op.vias);
  ReadOptionalLink(fields, "link", op.link);
  ReadFlag(fields, "onlink", op.onlink);
  std::optional<uint32_t> nexthop_id;
  fields.Optional("nexthopId", nexthop_id);
  if (nexthop_id) op.nexthop_ids = One(*nexthop_id);
  fields.Optional("table", op.table);
  fields.Optional("metric", op.metric);
  ReadNumber(fields, "protocol", UINT8_MAX, op.protocol);
  ReadScope(fields, width, op.scope);
  ReadAddress(fields, "src", width, op.src);
  fields.Optional("mtu", op.mtu);
}

/** Next hops have numbers, or are the route's own. */
void CheckNexthops(Fields& fields, const RouteOp& op, const char* key) {
  const bool has_own = op.vias.width > 0 || op.link || op.links.width > 0 || op.onlink || !op.hops.empty();
  if (op.nexthop_ids.width > 0 && has_own) fields.Fail(key, "nothing, beside via, link, onlink and hops");
}

void ReadHop(Fields& fields, size_t length, RouteHop& hop) {
  ReadAddress(fields, "via", length, hop.via);
  ReadOptionalLink(fields, "link", hop.link);
  ReadFlag(fields, "onlink", hop.onlink);
  ReadWeight(fields, hop.weight);
}

void ReadHops(Fields& fields, RouteOp& op) {
  const Napi::Value value = fields.Get("hops");
  if (!fields.ok() || value.IsUndefined()) return;
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) return fields.Fail("hops", "an array of hops");
  if (op.vias.width > 0 || op.link || op.onlink) return fields.Fail("hops", "nothing, beside via, link and onlink");
  const auto array = value.As<Napi::Array>();
  op.hops.resize(array.Length());
  for (uint32_t i = 0; i < op.hops.size() && fields.ok(); i++) {
    Fields hop(array.Get(i), fields.Name("hops") + "[" + std::to_string(i) + "]");
    ReadHop(hop, op.tos.width, op.hops[i]);
    if (!hop.ok()) return;
  }
}

}  // namespace

void ReadAddress(Fields& fields, Verb verb, AddrOp& op) {
  Address address;
  uint8_t prefix = 0;
  fields.Required("address", address);
  ReadPrefix(fields, address, prefix);
  op.count = 1;
  op.addresses = One(address);
  op.prefixes = One(prefix);
  ReadShared(fields, verb, address.length, op);
  if (!op.link) fields.Fail("link", "a link's name or ifindex");
}

void ReadAddresses(Fields& fields, Verb verb, AddrOp& op) {
  op.many = true;
  const size_t width = ReadFamily(fields);
  ReadFirstColumn(fields, "addresses", width, op.count, op.addresses);
  ReadPrefixes(fields, width, op.count, op.prefixes);
  ReadShared(fields, verb, width, op);
  ReadColumn(fields, "peers", "peer", width, op.count, op.peers);
  ReadLinks(fields, op.count, op.link, op.links);
  if (!op.link && op.links.width == 0) fields.Fail("link", "a link's name or ifindex, or the column 'links'");
}

void ReadRoute(Fields& fields, Verb verb, RouteOp& op) {
  Address to;
  uint8_t prefix = 0;
  fields.Required("to", to);
  ReadPrefix(fields, to, prefix);
  op.count = 1;
  op.tos = One(to);
  op.prefixes = One(prefix);
  ReadShared(fields, verb, to.length, op);
  ReadHops(fields, op);
  CheckNexthops(fields, op, "nexthopId");
}

void ReadRoutes(Fields& fields, Verb verb, RouteOp& op) {
  op.many = true;
  const size_t width = ReadFamily(fields);
  ReadFirstColumn(fields, "tos", width, op.count, op.tos);
  ReadPrefixes(fields, width, op.count, op.prefixes);
  ReadShared(fields, verb, width, op);
  ReadColumn(fields, "vias", "via", width, op.count, op.vias);
  ReadLinks(fields, op.count, op.link, op.links);
  CheckNexthops(fields, op, "nexthopId");
  ReadColumn(fields, "nexthopIds", "nexthopId", sizeof(uint32_t), op.count, op.nexthop_ids);
  CheckNexthops(fields, op, "nexthopIds");
}

}  // namespace cnm
