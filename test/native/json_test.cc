#include "kernel/json.h"

#include <doctest/doctest.h>

using namespace cnm;

TEST_SUITE_BEGIN("json");

TEST_CASE("values of every kind are read") {
  const auto json = ParseJson(R"( {"a": [1, -2, "x\\\"\/", null, true, false, {}, []], "b": {"c": "ü"}} )");
  REQUIRE(json);
  JsonFields fields(*json);
  const Json* list = fields.Take("a");
  REQUIRE((list && list->Items()));
  REQUIRE_EQ(list->Items()->size(), 8);
  CHECK_EQ(*(*list->Items())[0].Number(), 1);
  CHECK_EQ(*(*list->Items())[1].Number(), -2);
  CHECK_EQ(*(*list->Items())[2].Text(), "x\\\"/");
  CHECK((*list->Items())[3].IsNull());
  CHECK_FALSE(fields.AllTaken());
  const Json* object = fields.Take("b");
  REQUIRE((object && object->Only()));
  CHECK_EQ(object->Only()->name, "c");
  CHECK_EQ(*object->Only()->value.Text(), "ü");
  CHECK(fields.AllTaken());
  CHECK_EQ(fields.Take("d"), nullptr);
}

TEST_CASE("what is no JSON, or more than rules need, is nothing") {
  for (const std::string text : {"", " ", "{", "{}x", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "\"", "\"\\", "\"\n\"",
                                 "nul", "1.5", "1e3", "-", "99999999999999999999", "\"\\u0041\""}) {
    CAPTURE(text);
    CHECK_FALSE(ParseJson(text));
  }
  CHECK(ParseJson(std::string(40, '[') + std::string(40, ']')));
  CHECK_FALSE(ParseJson(std::string(100000, '[')));
}

TEST_SUITE_END();
