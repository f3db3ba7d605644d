#pragma once

#include <sstream>
#include <vector>

#include "facts/columns.h"

namespace cnm {

/** The values of a column, one by one. */
template <typename T>
const std::vector<T>& ValuesOf(const std::vector<T>& column) {
  return column;
}

inline std::vector<std::string> ValuesOf(const Lines& column) {
  std::vector<std::string> values;
  std::istringstream text(column.text() + '\n');
  for (std::string line; std::getline(text, line);) values.push_back(line);
  return values;
}

/** Rows, put together again. */
template <typename Row>
std::vector<Row> RowsOf(Columns<Row>& columns) {
  std::vector<Row> rows(columns.length());
  columns.Each([&](const auto& field, const auto& column) {
    const auto& values = ValuesOf(column);
    for (size_t i = 0; i < rows.size(); i++) rows[i].*field.member = values.at(i);
  });
  return rows;
}

}  // namespace cnm
