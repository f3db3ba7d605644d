#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace cnm {

/** Of a row: what binding.d.ts calls the column, and where the row has its value. */
template <typename Row, typename T>
struct Field {
  using Value = T;

  const char* name;
  T Row::*member;
};

/** clang before 17 does not deduce it from the members. */
template <typename Row, typename T>
Field(const char*, T Row::*) -> Field<Row, T>;

/** Texts joined by line breaks. */
class Lines {
 public:
  void push_back(const std::string& line) { (text_ += line) += '\n'; }
  std::string text() const { return text_.substr(0, text_.empty() ? 0 : text_.size() - 1); }

 private:
  std::string text_;
};

template <typename T>
struct ColumnFor {
  using Type = std::vector<T>;
};

template <>
struct ColumnFor<std::string> {
  using Type = Lines;
};

/** Rows, taken apart: the values of each of Row::kFields one behind the other. */
template <typename Row>
class Columns {
 public:
  void Add(const Row& row) {
    Each([&](const auto& field, auto& column) { column.push_back(row.*field.member); });
    length_++;
  }

  size_t length() const { return length_; }

  /** `visit` gets each field with its column. */
  template <typename Visit>
  void Each(const Visit& visit) {
    const auto pair = [&](auto&... columns) {
      std::apply([&](const auto&... fields) { (visit(fields, columns), ...); }, Row::kFields);
    };
    std::apply(pair, columns_);
  }

 private:
  template <typename... Fields>
  static std::tuple<typename ColumnFor<typename Fields::Value>::Type...> For(const std::tuple<Fields...>&);

  decltype(For(Row::kFields)) columns_;
  size_t length_ = 0;
};

}  // namespace cnm
