#include "js/xfrm_fields.h"

#include <string>

#include "js/options.h"
#include "js/shared_fields.h"
#include "kernel/xfrm.h"

namespace cnm {

namespace {

void ReadPort(Fields& fields, const char* key, const XfrmSelector& selector, std::optional<uint32_t>& port) {
  ReadNumber(fields, key, UINT16_MAX, port);
  if (port && !(selector.proto && HasXfrmPorts(*selector.proto))) {
    fields.Fail(key, "nothing, without a 'proto' that has ports");
  }
}

}  // namespace

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

void ReadFlags(Fields& fields, const char* key, std::span<const Word> words, uint32_t& flags) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  if (!value.IsArray()) return fields.Fail(key, "an array of words");
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    uint32_t flag = 0;
    const std::string expected = ReadWord(array.Get(i), words, flag);
    if (!expected.empty()) return fields.Fail(key, "each " + expected);
    flags |= flag;
  }
}

void ReadIfId(Fields& fields, std::optional<uint32_t>& if_id) {
  fields.Optional("ifId", if_id);
  if (if_id == 0u) fields.Fail("ifId", "an integer from 1 to 4294967295");
}

void ReadXfrmSelector(Fields& fields, XfrmSelector& selector) {
  const size_t length = ReadFamily(fields);
  selector.family = length == 16 ? 6 : 4;
  ReadPrefixed(fields, "src", length, selector.src, selector.src_prefix);
  ReadPrefixed(fields, "dst", length, selector.dst, selector.dst_prefix);
  ReadOptionalWord(fields, "proto", XfrmProtocols(), selector.proto);
  ReadPort(fields, "sport", selector, selector.sport);
  ReadPort(fields, "dport", selector, selector.dport);
}

void ReadXfrmLimits(Fields& fields, XfrmLimits& limits) {
  const Napi::Value value = fields.Get("limits");
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name("limits"));
  inner.Optional("byteSoft", limits.byte_soft);
  inner.Optional("byteHard", limits.byte_hard);
  inner.Optional("packetSoft", limits.packet_soft);
  inner.Optional("packetHard", limits.packet_hard);
  inner.Optional("timeSoft", limits.time_soft);
  inner.Optional("timeHard", limits.time_hard);
  inner.Optional("timeUseSoft", limits.time_use_soft);
  inner.Optional("timeUseHard", limits.time_use_hard);
}

}  // namespace cnm
