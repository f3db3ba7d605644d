#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace cnm {

using Mac = std::array<uint8_t, 6>;

/** A name, or an ifindex. */
using LinkRef = std::variant<std::string, int32_t>;

/** Ifindex 0: no link has it. */
inline bool IsNoLink(const LinkRef& link) {
  const int32_t* index = std::get_if<int32_t>(&link);
  return index && *index == 0;
}

struct Address {
  /** 4 or 16. */
  uint8_t length = 0;
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const Address&) const = default;
};

enum class Verb { kAdd, kReplace, kAppend, kDel };

/** A column of rows of one width, one behind the other; width 0 is an absent column. */
struct Packed {
  std::vector<uint8_t> bytes;
  size_t width = 0;
};

}  // namespace cnm
