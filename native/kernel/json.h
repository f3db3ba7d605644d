#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cnm {

/** A value of JSON text. Of numbers only integers, for there are no others in rules. */
class Json {
 public:
  bool IsNull() const { return kind_ == Kind::kNull; }
  // Null when it is something else.
  const int64_t* Number() const { return kind_ == Kind::kNumber ? &number_ : nullptr; }
  const std::string* Text() const { return kind_ == Kind::kText ? &text_ : nullptr; }
  const std::vector<Json>* Items() const { return kind_ == Kind::kList ? &items_ : nullptr; }
  /** The names of an object's fields. */
  const std::vector<std::string>* Names() const { return kind_ == Kind::kObject ? &names_ : nullptr; }
  /** The value that belongs to a name. */
  const Json& ValueAt(size_t field) const { return items_[field]; }

  struct Field {
    const std::string& name;
    const Json& value;
  };
  /** The only field of an object, {"add": ...} or {"jump": ...}; nothing when it is no such object. */
  std::optional<Field> Only() const;

 private:
  friend class JsonParser;
  enum class Kind : uint8_t { kNull, kFlag, kNumber, kText, kList, kObject };

  Kind kind_ = Kind::kNull;
  int64_t number_ = 0;
  std::string text_;
  /** Of a list, or the values of an object. */
  std::vector<Json> items_;
  std::vector<std::string> names_;
};

/** Nothing for what is not JSON, or has a number that is not an integer, a \u, or more than some tens of levels. */
std::optional<Json> ParseJson(std::string_view text);

/** An object read field by field, of which none may be left over. */
class JsonFields {
 public:
  explicit JsonFields(const Json& object) : object_(object) {}

  /** Null when it is absent. */
  const Json* Take(std::string_view name);
  /** False when it is absent, or no text. */
  bool TakeText(std::string_view name, std::string& text);
  /** There is nothing in the object but what was taken. */
  bool AllTaken() const { return object_.Names() && taken_ == object_.Names()->size(); }

 private:
  const Json& object_;
  size_t taken_ = 0;
};

}  // namespace cnm
