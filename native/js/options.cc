#include "js/options.h"

#include <algorithm>

namespace cnm {

namespace {

uint32_t MaxOf(Wire wire) {
  switch (wire) {
    case Wire::kU8:
      return UINT8_MAX;
    case Wire::kU16:
    case Wire::kBe16:
      return UINT16_MAX;
    case Wire::kU32:
    case Wire::kBe32:
      return UINT32_MAX;
    case Wire::kFlag:
      return 1;
  }
  return 0;
}

/** One value; '' when it fits, else what was expected. */
class Reader {
 public:
  Reader(const Napi::Value& value, Setting& setting) : value_(value), option_(*setting.option), setting_(setting) {}

  std::string Read() {
    switch (option_.takes) {
      case Takes::kBoolean:
        return ReadBoolean();
      case Takes::kNumber:
        return ReadNumber();
      case Takes::kWord:
        return ReadOneOf();
      case Takes::kAddress:
        return As<Address>();
      case Takes::kLink:
        return As<LinkRef>();
      case Takes::kPortRange:
        return As<PortRange>();
      case Takes::kMacs:
        return As<std::vector<Mac>>();
      case Takes::kNumberOrInherit:
        return ReadNumberOrInherit();
      case Takes::kFlags:
        return ReadFlags();
      case Takes::kMappings:
        return As<std::vector<Mapping>>();
    }
    return "";
  }

 private:
  template <typename T>
  std::string As() {
    const char* expected = cnm::Read(value_, setting_.value.emplace<T>());
    return expected ? expected : "";
  }

  std::string ReadBoolean() {
    bool read = false;
    const char* expected = cnm::Read(value_, read);
    setting_.value = static_cast<uint32_t>(read);
    return expected ? expected : "";
  }

  std::string ReadNumber() {
    uint32_t read = 0;
    const uint32_t max = MaxOf(option_.wire);
    if (cnm::Read(value_, read) || read > max) return "an integer from 0 to " + std::to_string(max);
    setting_.value = read;
    return "";
  }

  std::string ReadNumberOrInherit() {
    std::string word;
    if (cnm::Read(value_, word) || word != "inherit") {
      const std::string expected = ReadNumber();
      return expected.empty() ? "" : expected + ", or 'inherit'";
    }
    setting_.value = Inherit();
    return "";
  }

  std::string ReadOneOf() {
    uint32_t read = 0;
    std::string expected = ReadWord(value_, option_.words, read);
    setting_.value = read;
    return expected;
  }

  /** An object of booleans; what it does not say stays as it is. */
  std::string ReadFlags() {
    Flags& flags = setting_.value.emplace<Flags>();
    if (!value_.IsObject()) return "an object of booleans";
    const auto object = value_.As<Napi::Object>();
    const Napi::Array keys = object.GetPropertyNames();
    if (keys.IsEmpty()) return "";
    for (uint32_t i = 0; i < keys.Length(); i++) {
      uint32_t bit = 0;
      bool on = false;
      const std::string expected = ReadWord(keys.Get(i), option_.words, bit);
      if (!expected.empty()) return "booleans, each called " + expected;
      if (cnm::Read(object.Get(keys.Get(i)), on)) return "booleans";
      flags.mask |= bit;
      if (on) flags.bits |= bit;
    }
    return "";
  }

  const Napi::Value& value_;
  const Option& option_;
  Setting& setting_;
};

}  // namespace

std::string ReadWord(const Napi::Value& value, std::span<const Word> words, uint32_t& number) {
  std::string read;
  Read(value, read);
  std::string expected;
  for (const Word& word : words) {
    if (read == word.name) {
      number = word.value;
      return "";
    }
    expected.append(expected.empty() ? "one of '" : ", '").append(word.name).append("'");
  }
  return expected;
}

void ReadSettings(Fields& fields, const char* key, std::span<const Option> options, Settings& settings) {
  const Napi::Value value = fields.Get(key);
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name(key));
  for (const std::string& name : inner.Names()) {
    const Napi::Value given = inner.Get(name.c_str());
    if (!inner.ok()) return;
    if (given.IsUndefined()) continue;
    const auto option = std::ranges::find(options, name, &Option::name);
    if (option == options.end()) return inner.Fail(name.c_str(), "nothing: there is no such option");
    for (const Setting& other : settings) {
      if (other.option->attribute.value != option->attribute.value) continue;
      return inner.Fail(name.c_str(), std::string("nothing, beside ") + other.option->name);
    }
    Setting& setting = settings.emplace_back(Setting{.option = &*option, .value = {}});
    if (const std::string expected = Reader(given, setting).Read(); !expected.empty()) {
      return inner.Fail(name.c_str(), expected);
    }
  }
}

}  // namespace cnm
