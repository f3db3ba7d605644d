#include "kernel/json.h"

#include <algorithm>
#include <charconv>

namespace cnm {

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<Json> Whole() {
    Json json;
    if (!Value(json, kDeepest)) return {};
    SkipSpace();
    if (at_ != end_) return {};
    return json;
  }

 private:
  static constexpr int kDeepest = 48;

  bool Value(Json& json, int depth) {
    SkipSpace();
    if (depth == 0 || at_ == end_) return false;
    switch (*at_) {
      case '{':
        json.kind_ = Json::Kind::kObject;
        return Object(json, depth);
      case '[':
        json.kind_ = Json::Kind::kList;
        return List(json, depth);
      case '"':
        json.kind_ = Json::Kind::kText;
        return Text(json.text_);
      case 'n':
        return Word("null");
      case 't':
        json.kind_ = Json::Kind::kFlag;
        return Word("true");
      case 'f':
        json.kind_ = Json::Kind::kFlag;
        return Word("false");
      default:
        json.kind_ = Json::Kind::kNumber;
        return Number(json.number_);
    }
  }

  bool Object(Json& object, int depth) {
    at_++;
    if (Skip('}')) return true;
    do {
      SkipSpace();
      if (!Text(object.names_.emplace_back()) || !Skip(':')) return false;
      if (!Value(object.items_.emplace_back(), depth - 1)) return false;
    } while (Skip(','));
    return Skip('}');
  }

  bool List(Json& list, int depth) {
    at_++;
    if (Skip(']')) return true;
    do {
      if (!Value(list.items_.emplace_back(), depth - 1)) return false;
    } while (Skip(','));
    return Skip(']');
  }

  bool Text(std::string& text) {
    if (at_ == end_ || *at_ != '"') return false;
    for (at_++; at_ != end_ && *at_ != '"'; at_++) {
      if (static_cast<unsigned char>(*at_) < ' ') return false;
      if (*at_ == '\\' && (++at_ == end_ || (*at_ != '\\' && *at_ != '"' && *at_ != '/'))) return false;
      text.push_back(*at_);
    }
    if (at_ == end_) return false;
    at_++;
    return true;
  }

  bool Number(int64_t& number) {
    const auto [after, error] = std::from_chars(at_, end_, number);
    if (error != std::errc()) return false;
    at_ = after;
    return at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
  }

  bool Word(std::string_view word) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) at_++;
  }

  bool Skip(char wanted) {
    SkipSpace();
    if (at_ == end_ || *at_ != wanted) return false;
    at_++;
    return true;
  }

  const char* at_;
  const char* end_;
};

std::optional<Json::Field> Json::Only() const {
  if (kind_ != Kind::kObject || names_.size() != 1) return {};
  return Field{.name = names_.front(), .value = items_.front()};
}

std::optional<Json> ParseJson(std::string_view text) { return JsonParser(text).Whole(); }

const Json* JsonFields::Take(std::string_view name) {
  const auto* names = object_.Names();
  if (!names) return nullptr;
  const auto found = std::ranges::find(*names, name);
  if (found == names->end()) return nullptr;
  taken_++;
  return &object_.ValueAt(static_cast<size_t>(found - names->begin()));
}

bool JsonFields::TakeText(std::string_view name, std::string& text) {
  const Json* field = Take(name);
  if (!field || !field->Text()) return false;
  text = *field->Text();
  return true;
}

}  // namespace cnm
