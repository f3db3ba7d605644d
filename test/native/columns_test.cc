#include "columns.h"

#include <doctest/doctest.h>

#include <set>
#include <variant>

#include "facts/changes.h"
#include "facts/conntrack.h"

using namespace cnm;

namespace {

struct Row {
  uint8_t number = 0;
  std::string name;

  static constexpr auto kFields = std::tuple(Field{"number", &Row::number}, Field{"names", &Row::name});
};

template <typename Row>
void CheckNames() {
  std::set<std::string> names;
  Columns<Row>().Each([&](const auto& field, const auto&) { CHECK(names.insert(field.name).second); });
}

}  // namespace

TEST_SUITE_BEGIN("columns");

TEST_CASE("rows that are taken apart are the same when they are put together") {
  Columns<Row> columns;
  CHECK_EQ(columns.length(), 0);
  CHECK(RowsOf(columns).empty());
  columns.Add({.number = 1, .name = "a"});
  columns.Add({.number = 2, .name = ""});
  columns.Add({.number = 3, .name = ""});
  CHECK_EQ(columns.length(), 3);
  const std::vector<Row> rows = RowsOf(columns);
  REQUIRE_EQ(rows.size(), 3);
  CHECK_EQ(rows[0].name, "a");
  CHECK_EQ(rows[1].name, "");
  CHECK_EQ(rows[2].number, 3);
}

TEST_CASE("texts are joined by line breaks, without one at the end") {
  Lines lines;
  CHECK_EQ(lines.text(), "");
  for (const char* line : {"a", "", "b"}) lines.push_back(line);
  CHECK_EQ(lines.text(), "a\n\nb");
}

TEST_CASE("no two of a table's columns have one name") {
  CheckNames<LinkRow>();
  CheckNames<AddressRow>();
  CheckNames<RouteRow>();
  CheckNames<NeighRow>();
  CheckNames<FdbRow>();
  CheckNames<ConntrackRow>();
}

TEST_SUITE_END();
