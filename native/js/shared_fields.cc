#include "js/shared_fields.h"

#include <string>

#include "js/options.h"

namespace cnm {

namespace {

constexpr uint32_t kWeightMax = 256;

}  // namespace

void ReadNumber(Fields& fields, const char* key, uint32_t max, std::optional<uint32_t>& out) {
  fields.Optional(key, out);
  if (out && *out > max) fields.Fail(key, "an integer from 0 to " + std::to_string(max));
}

void ReadFlag(Fields& fields, const char* key, bool& out) {
  std::optional<bool> read;
  fields.Optional(key, read);
  out = read.value_or(false);
}

void ReadOptionalWord(Fields& fields, const char* key, std::span<const Word> words, std::optional<uint32_t>& out) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  uint32_t number = 0;
  const std::string expected = ReadWord(value, words, number);
  if (!expected.empty()) return fields.Fail(key, expected);
  out = number;
}

void ReadOptionalLink(Fields& fields, const char* key, std::optional<LinkRef>& link) {
  fields.Optional(key, link);
  if (link && IsNoLink(*link)) fields.Fail(key, "a link's name or ifindex");
}

void ReadMark(Fields& fields, std::optional<uint32_t>& mark, uint32_t& mask) {
  fields.Optional("mark", mark);
  std::optional<uint32_t> read;
  fields.Optional("mask", read);
  if (read && !mark) fields.Fail("mask", "nothing, without a mark");
  mask = read.value_or(UINT32_MAX);
}

void ReadWeight(Fields& fields, std::optional<uint32_t>& weight) {
  fields.Optional("weight", weight);
  if (weight && (*weight < 1 || *weight > kWeightMax)) {
    fields.Fail("weight", "an integer from 1 to " + std::to_string(kWeightMax));
  }
}

size_t ReadFamily(Fields& fields) {
  uint32_t family = 0;
  fields.Required("family", family);
  if (family != 4 && family != 6) fields.Fail("family", "4 or 6");
  return family == 6 ? 16 : 4;
}

void ReadAddress(Fields& fields, const char* key, size_t length, std::optional<Address>& address) {
  fields.Optional(key, address);
  if (address && address->length != length) fields.Fail(key, "a Uint8Array of " + std::to_string(length) + " bytes");
}

void ReadVia(Fields& fields, size_t length, std::optional<Address>& via) {
  fields.Optional("via", via);
  if (via && via->length < length) fields.Fail("via", "a Uint8Array of " + std::to_string(length) + " bytes");
}

void ReadPrefix(Fields& fields, const Address& address, uint8_t& prefix) {
  uint32_t read = 0;
  fields.Required("prefix", read);
  const uint32_t bits = address.length * 8u;
  if (read > bits) fields.Fail("prefix", "an integer from 0 to " + std::to_string(bits));
  prefix = static_cast<uint8_t>(read);
}

void ReadPrefixed(Fields& fields, const char* key, size_t length, std::optional<Address>& address, uint8_t& prefix) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name(key));
  Address read;
  inner.Required("address", read);
  if (read.length != length) inner.Fail("address", "a Uint8Array of " + std::to_string(length) + " bytes");
  address = read;
  ReadPrefix(inner, *address, prefix);
}

}  // namespace cnm
