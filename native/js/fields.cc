#include "js/fields.h"

#include <algorithm>
#include <cmath>

#include "js/errors.h"

namespace cnm {

namespace {

constexpr double kIndexMax = INT32_MAX;
constexpr double kExactMax = 9007199254740991;

bool IsInteger(const Napi::Value& value, double max, double& out) {
  if (!value.IsNumber()) return false;
  out = value.As<Napi::Number>().DoubleValue();
  return out >= 0 && out <= max && std::trunc(out) == out;
}

/** Copies: the bytes are the caller's again when the call returns. */
bool ReadBytes(const Napi::Value& value, std::vector<uint8_t>& out) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return false;
  const auto bytes = value.As<Napi::Uint8Array>();
  out.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  return true;
}

}  // namespace

const char* Read(const Napi::Value& value, bool& out) {
  if (!value.IsBoolean()) return "a boolean";
  out = value.As<Napi::Boolean>();
  return nullptr;
}

const char* Read(const Napi::Value& value, uint32_t& out) {
  double number;
  if (!IsInteger(value, UINT32_MAX, number)) return "an integer from 0 to 4294967295";
  out = static_cast<uint32_t>(number);
  return nullptr;
}

const char* Read(const Napi::Value& value, uint64_t& out) {
  double number;
  if (!IsInteger(value, kExactMax, number)) return "an integer from 0 to 9007199254740991";
  out = static_cast<uint64_t>(number);
  return nullptr;
}

const char* Read(const Napi::Value& value, double& out) {
  if (!value.IsNumber()) return "a number";
  out = value.As<Napi::Number>().DoubleValue();
  return nullptr;
}

const char* Read(const Napi::Value& value, std::vector<uint8_t>& out) {
  return ReadBytes(value, out) ? nullptr : "a Uint8Array";
}

const char* Read(const Napi::Value& value, std::string& out) {
  if (!value.IsString()) return "a string";
  out = value.As<Napi::String>().Utf8Value();
  return out.find('\0') == std::string::npos ? nullptr : "a string without a zero byte";
}

const char* Read(const Napi::Value& value, Mac& out) {
  std::vector<uint8_t> bytes;
  if (!ReadBytes(value, bytes) || bytes.size() != out.size()) return "a Uint8Array of 6 bytes";
  std::ranges::copy(bytes, out.begin());
  return nullptr;
}

const char* Read(const Napi::Value& value, Address& out) {
  std::vector<uint8_t> bytes;
  if (!ReadBytes(value, bytes) || (bytes.size() != 4 && bytes.size() != 16)) return "a Uint8Array of 4 or 16 bytes";
  out.length = static_cast<uint8_t>(bytes.size());
  std::ranges::copy(bytes, out.bytes.begin());
  return nullptr;
}

const char* Read(const Napi::Value& value, LinkRef& out) {
  const char* expected = "a link's name or ifindex";
  double index;
  if (IsInteger(value, kIndexMax, index)) {
    out = static_cast<int32_t>(index);
    return nullptr;
  }
  std::string name;
  if (Read(value, name) || name.empty()) return expected;
  out = std::move(name);
  return nullptr;
}

const char* Read(const Napi::Value& value, Packed& out) {
  const auto type = value.IsTypedArray() ? value.As<Napi::TypedArray>().TypedArrayType() : napi_int8_array;
  if (type != napi_uint8_array && type != napi_uint32_array && type != napi_int32_array) {
    return "a Uint8Array, or a Uint32Array or Int32Array of numbers";
  }
  const auto array = value.As<Napi::TypedArray>();
  const auto* from = static_cast<const uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  out.bytes.assign(from, from + array.ByteLength());
  return nullptr;
}

const char* Read(const Napi::Value& value, PortRange& out) {
  const char* expected = "[lowest, highest], two ports";
  double ports[2];
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 2) return expected;
  for (uint32_t i = 0; i < 2; i++) {
    if (!IsInteger(value.As<Napi::Array>().Get(i), UINT16_MAX, ports[i])) return expected;
  }
  out = {.low = static_cast<uint16_t>(ports[0]), .high = static_cast<uint16_t>(ports[1])};
  return out.low <= out.high ? nullptr : expected;
}

const char* Read(const Napi::Value& value, std::vector<Mac>& out) {
  const char* expected = "an array of Uint8Arrays of 6 bytes";
  if (!value.IsArray()) return expected;
  const auto array = value.As<Napi::Array>();
  out.resize(array.Length());
  for (uint32_t i = 0; i < out.size(); i++) {
    if (Read(array.Get(i), out[i])) return expected;
  }
  return nullptr;
}

const char* Read(const Napi::Value& value, std::vector<Mapping>& out) {
  const char* expected = "an array of [from, to], two integers each";
  if (!value.IsArray()) return expected;
  const auto array = value.As<Napi::Array>();
  out.resize(array.Length());
  for (uint32_t i = 0; i < out.size(); i++) {
    const Napi::Value pair = array.Get(i);
    if (!pair.IsArray() || pair.As<Napi::Array>().Length() != 2) return expected;
    const auto ends = pair.As<Napi::Array>();
    if (Read(ends.Get(0u), out[i].from) || Read(ends.Get(1u), out[i].to)) return expected;
  }
  return nullptr;
}

Fields::Fields(const Napi::Value& value, std::string where) : env_(value.Env()), where_(std::move(where)) {
  ok_ = value.IsObject();
  if (ok_) {
    object_ = value.As<Napi::Object>();
  } else {
    ThrowInvalid(env_, where_ + ": expected an object");
  }
}

Napi::Value Fields::Get(const char* key) {
  if (!ok_) return {};
  const Napi::Value value = object_.Get(key);
  // A getter can throw.
  ok_ = !value.IsEmpty();
  return value;
}

std::vector<std::string> Fields::Names() {
  std::vector<std::string> names;
  if (!ok_) return names;
  const Napi::Array keys = object_.GetPropertyNames();
  if (keys.IsEmpty()) return names;
  names.resize(keys.Length());
  for (uint32_t i = 0; i < names.size(); i++) Read(keys.Get(i), names[i]);
  return names;
}

void Fields::Check(const char* key, const char* expected) {
  if (expected) Fail(key, expected);
}

void Fields::Fail(const char* key, const std::string& expected) {
  if (!ok_) return;
  ok_ = false;
  ThrowInvalid(env_, Name(key) + ": expected " + expected);
}

}  // namespace cnm
