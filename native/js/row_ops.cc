#include "js/row_ops.h"

#include <algorithm>
#include <string>

#include "js/link_ops.h"
#include "js/options.h"
#include "js/packed.h"
#include "js/shared_fields.h"
#include "kernel/neighbour.h"

namespace cnm {

namespace {

/** The first of `words` where nothing is said. */
void ReadState(Fields& fields, std::span<const Word> words, uint32_t& state) {
  const Napi::Value value = fields.Get("state");
  state = words.front().value;
  if (!fields.ok() || value.IsUndefined()) return;
  const std::string expected = ReadWord(value, words, state);
  if (!expected.empty()) fields.Fail("state", expected);
}

/** One value as a column of one row. */
template <typename Bytes>
Packed One(const Bytes& bytes, size_t width) {
  return {.bytes = {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(width)}, .width = width};
}

void ReadMac(Fields& fields, Packed& macs) {
  std::optional<Mac> mac;
  fields.Optional("mac", mac);
  if (mac) macs = One(*mac, kMacSize);
}

void ReadShared(Fields& fields, Verb verb, NeighOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadState(fields, NeighbourStates(), op.state);
  ReadFlag(fields, "proxy", op.proxy);
  ReadFlag(fields, "router", op.router);
  ReadFlag(fields, "externLearn", op.extern_learn);
}

void ReadShared(Fields& fields, Verb verb, FdbOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadState(fields, ForwardingStates(), op.state);
  ReadNumber(fields, "port", UINT16_MAX, op.port);
  ReadNumber(fields, "srcVni", UINT32_MAX, op.src_vni);
  ReadNumber(fields, "vlan", UINT16_MAX, op.vlan);
  fields.Optional("nhid", op.nhid);
  ReadOptionalLink(fields, "via", op.via);
  ReadFlag(fields, "self", op.self);
  ReadFlag(fields, "master", op.master);
  ReadFlag(fields, "externLearn", op.extern_learn);
  ReadFlag(fields, "sticky", op.sticky);
}

}  // namespace

void ReadNeighbour(Fields& fields, Verb verb, NeighOp& op) {
  ReadShared(fields, verb, op);
  Address address;
  fields.Required("address", address);
  op.count = 1;
  op.addresses = One(address.bytes, address.length);
  ReadMac(fields, op.macs);
}

void ReadNeighbours(Fields& fields, Verb verb, NeighOp& op) {
  ReadShared(fields, verb, op);
  op.many = true;
  ReadFirstColumn(fields, "addresses", ReadFamily(fields), op.count, op.addresses);
  ReadColumn(fields, "macs", kMacSize, op.count, op.macs);
}

void ReadForwarding(Fields& fields, Verb verb, FdbOp& op) {
  ReadShared(fields, verb, op);
  op.count = 1;
  Mac mac;
  fields.Required("mac", mac);
  op.macs = One(mac, kMacSize);
  std::optional<Address> dst;
  fields.Optional("dst", dst);
  if (dst) op.dsts = One(dst->bytes, dst->length);
  std::optional<uint32_t> vni;
  fields.Optional("vni", vni);
  if (vni) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&*vni);
    op.vnis = One(std::span(bytes, sizeof *vni), sizeof *vni);
  }
}

void ReadForwardings(Fields& fields, Verb verb, FdbOp& op) {
  ReadShared(fields, verb, op);
  op.many = true;
  ReadFirstColumn(fields, "macs", kMacSize, op.count, op.macs);
  if (!fields.Get("dsts").IsUndefined()) ReadColumn(fields, "dsts", ReadFamily(fields), op.count, op.dsts);
  ReadColumn(fields, "vnis", sizeof(uint32_t), op.count, op.vnis);
}

namespace {

/** A number that all rows have, or a byte for each. */
void ReadPrefixes(Fields& fields, size_t width, size_t count, Packed& prefixes) {
  std::optional<uint32_t> shared;
  fields.Optional("prefix", shared);
  ReadColumn(fields, "prefixes", 1, count, prefixes);
  if (shared.has_value() == (prefixes.width > 0)) return fields.Fail("prefix", "a number, or the column 'prefixes'");
  const size_t bits = width * 8;
  if (shared > bits) fields.Fail("prefix", "an integer from 0 to " + std::to_string(bits));
  if (shared) prefixes = {.bytes = std::vector(count, static_cast<uint8_t>(*shared)), .width = 1};
  if (std::ranges::any_of(prefixes.bytes, [&](uint8_t prefix) { return prefix > bits; })) {
    fields.Fail("prefixes", "integers from 0 to " + std::to_string(bits));
  }
}

void ReadLinks(Fields& fields, size_t count, std::optional<LinkRef>& link, Packed& links) {
  ReadOptionalLink(fields, "link", link);
  ReadColumn(fields, "links", sizeof(int32_t), count, links);
  if (link && links.width > 0) fields.Fail("links", "nothing, beside link");
}

}  // namespace

void ReadRoutes(Fields& fields, Verb verb, RoutesOp& op) {
  op.verb = verb;
  const size_t width = ReadFamily(fields);
  ReadFirstColumn(fields, "tos", width, op.count, op.tos);
  ReadPrefixes(fields, width, op.count, op.prefixes);
  ReadVia(fields, width, op.via);
  ReadColumn(fields, "vias", width, op.count, op.vias);
  if (op.via && op.vias.width > 0) fields.Fail("vias", "nothing, beside via");
  ReadLinks(fields, op.count, op.link, op.links);
  fields.Optional("table", op.table);
  fields.Optional("metric", op.metric);
}

void ReadAddresses(Fields& fields, Verb verb, AddressesOp& op) {
  op.verb = verb;
  const size_t width = ReadFamily(fields);
  ReadFirstColumn(fields, "addresses", width, op.count, op.addresses);
  ReadPrefixes(fields, width, op.count, op.prefixes);
  ReadLinks(fields, op.count, op.link, op.links);
  if (!op.link && op.links.width == 0) fields.Fail("link", "a link's name or ifindex, or the column 'links'");
}

void ReadRule(Fields& fields, Verb verb, RuleOp& op) {
  op.verb = verb;
  const size_t length = ReadFamily(fields);
  op.family = length == 16 ? 6 : 4;
  fields.Required("priority", op.priority);
  fields.Required("table", op.table);
  ReadPrefixed(fields, "from", length, op.from, op.from_prefix);
  ReadPrefixed(fields, "to", length, op.to, op.to_prefix);
  fields.Optional("iif", op.iif);
  fields.Optional("oif", op.oif);
  fields.Optional("mark", op.mark);
  fields.Optional("mask", op.mask);
  ReadFlag(fields, "not", op.inverted);
  ReadNumber(fields, "suppressPrefixLength", 128, op.suppress_prefix_length);
}

}  // namespace cnm
