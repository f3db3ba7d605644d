#include "js/row_ops.h"

#include <string>

#include "js/link_ops.h"
#include "js/numbers.h"
#include "js/options.h"
#include "kernel/neighbour.h"

namespace cnm {

namespace {

constexpr size_t kMacSize = 6;

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

/** A column of `count` rows; absent when the field is. */
void ReadColumn(Fields& fields, const char* key, size_t width, size_t count, Packed& column) {
  std::optional<Packed> read;
  fields.Optional(key, read);
  if (!read) return;
  column = std::move(*read);
  column.width = width;
  if (column.bytes.size() != count * width) {
    fields.Fail(key, std::to_string(width) + " bytes for each of " + std::to_string(count) + " rows");
  }
}

/** A column that has to be there and says how many rows there are. */
void ReadFirstColumn(Fields& fields, const char* key, size_t width, size_t& count, Packed& column) {
  fields.Required(key, column);
  column.width = width;
  count = column.bytes.size() / width;
  if (column.bytes.size() % width != 0) fields.Fail(key, std::to_string(width) + " bytes for each row");
}

/** Bytes of an address. */
size_t ReadFamily(Fields& fields) {
  uint32_t family = 0;
  fields.Required("family", family);
  if (family != 4 && family != 6) fields.Fail("family", "4 or 6");
  return family == 6 ? 16 : 4;
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
  fields.Optional("via", op.via);
  if (op.via == LinkRef(0)) fields.Fail("via", "a link's name or ifindex");
  ReadFlag(fields, "self", op.self);
  ReadFlag(fields, "master", op.master);
  ReadFlag(fields, "externLearn", op.extern_learn);
  ReadFlag(fields, "sticky", op.sticky);
}

/** '10.0.0.0/8' as an address and a prefix. */
void ReadPrefixed(Fields& fields, const char* key, uint8_t family, std::optional<Address>& address, uint8_t& prefix) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name(key));
  Address read;
  inner.Required("address", read);
  if (read.length != (family == 6 ? 16 : 4)) inner.Fail("address", "an address of the rule's family");
  uint32_t bits = 0;
  inner.Required("prefix", bits);
  if (bits > read.length * 8u) inner.Fail("prefix", "an integer from 0 to " + std::to_string(read.length * 8u));
  address = read;
  prefix = static_cast<uint8_t>(bits);
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

void ReadRule(Fields& fields, Verb verb, RuleOp& op) {
  op.verb = verb;
  op.family = ReadFamily(fields) == 16 ? 6 : 4;
  fields.Required("priority", op.priority);
  fields.Required("table", op.table);
  ReadPrefixed(fields, "from", op.family, op.from, op.from_prefix);
  ReadPrefixed(fields, "to", op.family, op.to, op.to_prefix);
  fields.Optional("iif", op.iif);
  fields.Optional("oif", op.oif);
  fields.Optional("mark", op.mark);
  fields.Optional("mask", op.mask);
  ReadFlag(fields, "not", op.inverted);
  ReadNumber(fields, "suppressPrefixLength", 128, op.suppress_prefix_length);
}

}  // namespace cnm
