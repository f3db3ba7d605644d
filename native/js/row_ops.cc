#include "js/row_ops.h"

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

void ReadMac(Fields& fields, Packed& macs) {
  std::optional<Mac> mac;
  fields.Optional("mac", mac);
  if (mac) macs = One(*mac);
}

void ReadDst(Fields& fields, Packed& dsts) {
  std::optional<Address> dst;
  fields.Optional("dst", dst);
  if (dst) dsts = One(*dst);
}

void ReadVni(Fields& fields, Packed& vnis) {
  std::optional<uint32_t> vni;
  fields.Optional("vni", vni);
  if (vni) vnis = One(*vni);
}

/** What all rows have in common, or the only one has. */
void ReadShared(Fields& fields, Verb verb, NeighOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadState(fields, NeighbourStates(), op.state);
  ReadFlag(fields, "proxy", op.proxy);
  ReadFlag(fields, "router", op.router);
  ReadFlag(fields, "externLearn", op.extern_learn);
  ReadMac(fields, op.macs);
}

/** See above. */
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
  ReadDst(fields, op.dsts);
  ReadVni(fields, op.vnis);
}

}  // namespace

void ReadNeighbour(Fields& fields, Verb verb, NeighOp& op) {
  ReadShared(fields, verb, op);
  Address address;
  fields.Required("address", address);
  op.count = 1;
  op.addresses = One(address);
}

void ReadNeighbours(Fields& fields, Verb verb, NeighOp& op) {
  ReadShared(fields, verb, op);
  op.many = true;
  ReadFirstColumn(fields, "addresses", ReadFamily(fields), op.count, op.addresses);
  ReadColumn(fields, "macs", "mac", kMacSize, op.count, op.macs);
}

void ReadForwarding(Fields& fields, Verb verb, FdbOp& op) {
  ReadShared(fields, verb, op);
  op.count = 1;
  Mac mac;
  fields.Required("mac", mac);
  op.macs = One(mac);
}

void ReadForwardings(Fields& fields, Verb verb, FdbOp& op) {
  ReadShared(fields, verb, op);
  op.many = true;
  ReadFirstColumn(fields, "macs", kMacSize, op.count, op.macs);
  if (!fields.Get("dsts").IsUndefined()) ReadColumn(fields, "dsts", "dst", ReadFamily(fields), op.count, op.dsts);
  ReadColumn(fields, "vnis", "vni", sizeof(uint32_t), op.count, op.vnis);
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
