#include "kernel/link_kinds.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace cnm;

namespace {

/** Two names of one attribute: an address is multicast or it is not. */
bool AreOne(const std::string& a, const std::string& b) {
  return std::set{a, b} == std::set<std::string>{"group", "remote"};
}

/** The largest number that fits. */
uint32_t MaxOf(Wire wire) {
  return wire == Wire::kU8 ? UINT8_MAX : wire == Wire::kU32 || wire == Wire::kBe32 ? UINT32_MAX : UINT16_MAX;
}

/** Calls `check` for each table of options there is. */
template <typename Check>
void ForEachTable(const Check& check) {
  for (const LinkKind& kind : LinkKinds()) {
    CAPTURE(kind.name);
    check(kind.options);
  }
  check(PortOptions());
}

}  // namespace

TEST_SUITE_BEGIN("link kinds");

TEST_CASE("each is found by its name") {
  for (const LinkKind& kind : LinkKinds()) CHECK_EQ(FindLinkKind(kind.name), &kind);
  CHECK_EQ(FindLinkKind(""), nullptr);
  CHECK_EQ(FindLinkKind("bridg"), nullptr);
}

TEST_CASE("each option has a name and an attribute that no other option of its kind has") {
  ForEachTable([](std::span<const Option> options) {
    std::set<std::string> names;
    std::map<int, std::string> attributes;
    for (const Option& option : options) {
      CAPTURE(option.name);
      CHECK(names.insert(option.name).second);
      for (const Named& attribute : {option.attribute, option.other}) {
        if (!attribute.name) continue;
        const auto [taken, fresh] = attributes.emplace(attribute.value, option.name);
        CHECK((fresh || AreOne(taken->second, option.name)));
      }
    }
  });
}

TEST_CASE("addresses, and what can be inherited, have a second attribute, and only they") {
  ForEachTable([](std::span<const Option> options) {
    for (const Option& option : options) {
      CAPTURE(option.name);
      const bool two = option.takes == Takes::kAddress || option.takes == Takes::kNumberOrInherit;
      CHECK_EQ(two, option.other.name != nullptr);
    }
  });
}

TEST_CASE("words and flags, and only they, have words, which differ and fit") {
  ForEachTable([](std::span<const Option> options) {
    for (const Option& option : options) {
      CAPTURE(option.name);
      CHECK_EQ(option.takes == Takes::kWord || option.takes == Takes::kFlags, !option.words.empty());
      std::set<std::string> names;
      std::set<uint32_t> numbers;
      for (const Word& word : option.words) {
        CHECK(names.insert(word.name).second);
        CHECK(numbers.insert(word.value).second);
        CHECK_LE(word.value, MaxOf(option.wire));
      }
    }
  });
}

TEST_SUITE_END();
