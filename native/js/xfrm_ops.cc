#include "js/xfrm_ops.h"

#include <string>

#include "js/shared_fields.h"
#include "kernel/xfrm_policy.h"

namespace cnm {

namespace {

void ReadRequiredWord(Fields& fields, const char* key, std::span<const Word> words, uint32_t& out) {
  std::optional<uint32_t> read;
  ReadOptionalWord(fields, key, words, read);
  if (!read) return fields.Fail(key, std::string("a word such as '") + words.front().name + "'");
  out = *read;
}

void ReadWordOr(Fields& fields, const char* key, std::span<const Word> words, uint32_t& out) {
  std::optional<uint32_t> read;
  ReadOptionalWord(fields, key, words, read);
  out = read.value_or(words.front().value);
}

void ReadPort(Fields& fields, const char* key, const XfrmPolicyOp& op, std::optional<uint32_t>& port) {
  ReadNumber(fields, key, UINT16_MAX, port);
  if (port && !(op.proto && HasXfrmPorts(*op.proto))) fields.Fail(key, "nothing, without a 'proto' that has ports");
}

void ReadTemplate(Fields& fields, XfrmTemplate& tmpl) {
  fields.Optional("src", tmpl.src);
  fields.Optional("dst", tmpl.dst);
  if (tmpl.src && tmpl.dst && tmpl.src->length != tmpl.dst->length) fields.Fail("dst", "as many bytes as 'src' has");
  ReadRequiredWord(fields, "proto", XfrmTransforms(), tmpl.proto);
  fields.Optional("spi", tmpl.spi);
  fields.Optional("reqid", tmpl.reqid);
  ReadRequiredWord(fields, "mode", XfrmModes(), tmpl.mode);
  ReadWordOr(fields, "level", XfrmLevels(), tmpl.optional);
}

void ReadTemplates(Fields& fields, std::vector<XfrmTemplate>& tmpls) {
  const Napi::Value value = fields.Get("tmpls");
  if (!fields.ok() || value.IsUndefined()) return;
  const size_t most = MostXfrmTemplates();
  if (!value.IsArray() || value.As<Napi::Array>().Length() > most) {
    return fields.Fail("tmpls", "an array of at most " + std::to_string(most));
  }
  const auto array = value.As<Napi::Array>();
  tmpls.resize(array.Length());
  for (uint32_t i = 0; i < tmpls.size(); i++) {
    Fields tmpl(array.Get(i), fields.Name("tmpls") + "[" + std::to_string(i) + "]");
    ReadTemplate(tmpl, tmpls[i]);
    if (!tmpl.ok()) return;
  }
}

}  // namespace

void ReadXfrmPolicy(Fields& fields, Verb verb, XfrmPolicyOp& op) {
  op.verb = verb;
  const size_t length = ReadFamily(fields);
  op.family = length == 16 ? 6 : 4;
  ReadRequiredWord(fields, "dir", XfrmDirections(), op.dir);
  ReadPrefixed(fields, "src", length, op.src, op.src_prefix);
  ReadPrefixed(fields, "dst", length, op.dst, op.dst_prefix);
  ReadOptionalWord(fields, "proto", XfrmProtocols(), op.proto);
  ReadPort(fields, "sport", op, op.sport);
  ReadPort(fields, "dport", op, op.dport);
  ReadMark(fields, op.mark, op.mask);
  fields.Optional("priority", op.priority);
  ReadWordOr(fields, "action", XfrmActions(), op.action);
  ReadTemplates(fields, op.tmpls);
}

}  // namespace cnm
