#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/columns.h"
#include "facts/words.h"

namespace cnm {

struct NexthopMember {
  uint32_t id = 0;
  std::optional<uint32_t> weight;
};

struct Resilience {
  std::optional<uint32_t> buckets;
  /** Seconds. */
  std::optional<uint32_t> idle_timer;
  std::optional<uint32_t> unbalanced_timer;
};

struct NexthopOp {
  Verb verb = Verb::kAdd;
  uint32_t id = 0;
  /** 4 or 6. */
  uint8_t family = 4;
  std::optional<Address> via;
  std::optional<LinkRef> link;
  bool onlink = false;
  bool blackhole = false;
  bool fdb = false;
  std::vector<NexthopMember> group;
  std::optional<Resilience> resilient;
  /** RTPROT_*. */
  std::optional<uint32_t> protocol;
};

struct NexthopRow {
  uint32_t id = 0;
  /** 4 or 6; 0 of a group. */
  uint8_t family = 0;
  std::array<uint8_t, 16> via{};
  int32_t link = 0;
  uint32_t flags = 0;
  uint8_t scope = 0;
  uint8_t protocol = 0;
  uint8_t blackhole = 0;
  uint8_t fdb = 0;
  uint16_t buckets = 0;
  /** '1,2/5', as ip has it. */
  std::string group;

  static constexpr auto kFields = std::tuple(
      Field{"id", &NexthopRow::id}, Field{"family", &NexthopRow::family}, Field{"via", &NexthopRow::via},
      Field{"link", &NexthopRow::link}, Field{"flags", &NexthopRow::flags}, Field{"scope", &NexthopRow::scope},
      Field{"protocol", &NexthopRow::protocol}, Field{"blackhole", &NexthopRow::blackhole},
      Field{"fdb", &NexthopRow::fdb}, Field{"buckets", &NexthopRow::buckets}, Field{"groups", &NexthopRow::group});
};

}  // namespace cnm
