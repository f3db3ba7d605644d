#include "js/xfrm_state_ops.h"

#include <string>

#include "js/shared_fields.h"
#include "js/xfrm_fields.h"
#include "kernel/xfrm.h"
#include "kernel/xfrm_state.h"

namespace cnm {

namespace {

void CheckName(Fields& fields, const char* key, const std::string& name) {
  const size_t most = MostXfrmName();
  if (name.empty() || name.size() > most) fields.Fail(key, "a name of at most " + std::to_string(most) + " bytes");
}

/** `bits` is what the object calls them; null where it has none. */
void ReadAlgorithm(Fields& fields, const char* key, const char* bits, std::optional<XfrmAlgorithm>& algorithm) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name(key));
  algorithm.emplace();
  inner.Required("name", algorithm->name);
  CheckName(inner, "name", algorithm->name);
  inner.Required("key", algorithm->key);
  if (bits) inner.Optional(bits, algorithm->bits);
}

void ReadAlgorithms(Fields& fields, XfrmStateOp& op) {
  ReadAlgorithm(fields, "aead", "icv", op.aead);
  if (op.aead && !op.aead->bits) fields.Fail("aead.icv", "how many bits");
  ReadAlgorithm(fields, "auth", "trunc", op.auth);
  ReadAlgorithm(fields, "enc", nullptr, op.enc);
  fields.Optional("comp", op.comp);
  if (op.comp) CheckName(fields, "comp", *op.comp);
}

void ReadReplay(Fields& fields, XfrmStateOp& op) {
  std::optional<uint32_t> window;
  ReadNumber(fields, "replayWindow", MostXfrmReplayWindow(), window);
  op.replay_window = window.value_or(0);
  ReadFlags(fields, "flags", XfrmStateFlags(), op.flags);
  if (HasEsn(op) && op.replay_window == 0) fields.Fail("replayWindow", "an integer from 1, with the flag esn");
}

void ReadOutputMark(Fields& fields, XfrmStateOp& op) {
  fields.Optional("outputMark", op.output_mark);
  std::optional<uint32_t> mask;
  fields.Optional("outputMask", mask);
  if (mask && !op.output_mark) fields.Fail("outputMask", "nothing, without an outputMark");
  op.output_mask = mask.value_or(UINT32_MAX);
}

void ReadSelector(Fields& fields, std::optional<XfrmSelector>& selector) {
  const Napi::Value value = fields.Get("sel");
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name("sel"));
  ReadXfrmSelector(inner, selector.emplace());
}

void ReadPort(Fields& fields, const char* key, uint32_t& port) {
  std::optional<uint32_t> read;
  ReadNumber(fields, key, UINT16_MAX, read);
  if (!read) fields.Fail(key, "a port");
  port = read.value_or(0);
}

void ReadEncap(Fields& fields, std::optional<XfrmEncap>& encap) {
  const Napi::Value value = fields.Get("encap");
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name("encap"));
  encap.emplace();
  ReadRequiredWord(inner, "type", XfrmEncaps(), encap->type);
  ReadPort(inner, "sport", encap->sport);
  ReadPort(inner, "dport", encap->dport);
}

void ReadIdentity(Fields& fields, XfrmStateOp& op) {
  fields.Required("dst", op.dst);
  ReadRequiredWord(fields, "proto", XfrmTransforms(), op.proto);
  fields.Required("spi", op.spi);
  if (op.spi == 0) fields.Fail("spi", "an integer from 1 to 4294967295");
  ReadMark(fields, op.mark, op.mask);
}

}  // namespace

void ReadXfrmState(Fields& fields, Verb verb, XfrmStateOp& op) {
  op.verb = verb;
  ReadIdentity(fields, op);
  if (verb == Verb::kDel) return;
  fields.Required("src", op.src);
  if (op.src.length != op.dst.length) fields.Fail("src", "as many bytes as 'dst' has");
  ReadRequiredWord(fields, "mode", XfrmModes(), op.mode);
  fields.Optional("reqid", op.reqid);
  ReadAlgorithms(fields, op);
  ReadReplay(fields, op);
  ReadFlags(fields, "extraFlags", XfrmStateExtraFlags(), op.extra_flags);
  ReadOutputMark(fields, op);
  ReadIfId(fields, op.if_id);
  ReadSelector(fields, op.selector);
  ReadXfrmLimits(fields, op.limits);
  ReadEncap(fields, op.encap);
}

void ReadXfrmStateFlush(Fields& fields, XfrmStateFlush& flush) {
  fields.Optional("src", flush.src);
  fields.Optional("dst", flush.dst);
  ReadOptionalWord(fields, "proto", XfrmTransforms(), flush.proto);
  ReadOptionalWord(fields, "mode", XfrmModes(), flush.mode);
  fields.Optional("reqid", flush.reqid);
  // What was left out by mistake must not mean every state.
  if (!flush.src && !flush.dst && !flush.proto && !flush.mode && !flush.reqid) {
    fields.Fail("src", "an address, or another field to know them by");
  }
}

}  // namespace cnm
