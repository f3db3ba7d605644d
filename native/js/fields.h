#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "facts/links.h"

namespace cnm {

// A value copied into `out`: null when it fits, else what was expected.

const char* Read(const Napi::Value& value, bool& out);
const char* Read(const Napi::Value& value, uint32_t& out);
/** Up to what a JS number says exactly. */
const char* Read(const Napi::Value& value, uint64_t& out);
const char* Read(const Napi::Value& value, double& out);
const char* Read(const Napi::Value& value, std::vector<uint8_t>& out);
/** Without a zero byte. */
const char* Read(const Napi::Value& value, std::string& out);
const char* Read(const Napi::Value& value, Mac& out);
const char* Read(const Napi::Value& value, Address& out);
/** The empty name is no link's; the ifindex 0 is read, since LinkSet.master has a meaning for it. */
const char* Read(const Napi::Value& value, LinkRef& out);
/** The bytes of a Uint8Array, a Uint32Array or an Int32Array, whatever they are to hold. */
const char* Read(const Napi::Value& value, Packed& out);
const char* Read(const Napi::Value& value, PortRange& out);
const char* Read(const Napi::Value& value, std::vector<Mac>& out);
const char* Read(const Napi::Value& value, std::vector<Mapping>& out);

/** A JS object read field by field. The first that is wrong throws ERR_CNM_INVALID_ARG; the rest is then left unread.
 */
class Fields {
 public:
  /** `where` is how the caller knows the object: 'ops[3]'. */
  Fields(const Napi::Value& value, std::string where);

  template <typename T>
  void Required(const char* key, T& out) {
    const Napi::Value value = Get(key);
    if (ok()) Check(key, Read(value, out));
  }

  template <typename T>
  void Optional(const char* key, std::optional<T>& out) {
    T read{};
    const Napi::Value value = Get(key);
    if (!ok() || value.IsUndefined()) return;
    Check(key, Read(value, read));
    if (ok()) out = std::move(read);
  }

  /** The field's value, undefined when it is absent. */
  Napi::Value Get(const char* key);
  /** The names of all fields of its own. */
  std::vector<std::string> Names();
  /** The name of a field as the caller knows it: 'ops[3].peer'. */
  std::string Name(const char* key) const { return where_ + "." + key; }
  /** Throws that the field is not what was `expected`; null stands for no complaint. */
  void Check(const char* key, const char* expected);
  void Fail(const char* key, const std::string& expected);
  /** False once something was thrown. */
  bool ok() const { return ok_; }

 private:
  Napi::Env env_;
  Napi::Object object_;
  std::string where_;
  bool ok_ = true;
};

}  // namespace cnm
