#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "facts/words.h"

namespace cnm {

/** What is asked of one direction of a connection. */
struct Direction {
  std::optional<Address> src;
  std::optional<Address> dst;
  std::optional<uint32_t> sport;
  std::optional<uint32_t> dport;
};

struct ConntrackDel {
  /** 4 or 6. */
  uint8_t family = 4;
  /** IPPROTO_*. */
  std::optional<uint32_t> proto;
  Direction orig;
  Direction reply;
  std::optional<uint32_t> mark;
  uint32_t mask = UINT32_MAX;
  std::optional<uint32_t> zone;
};

struct ConntrackRow {
  /** 4 or 6. */
  uint8_t family = 0;
  uint8_t proto = 0;
  std::array<uint8_t, 16> orig_src{};
  std::array<uint8_t, 16> orig_dst{};
  uint16_t orig_sport = 0;
  uint16_t orig_dport = 0;
  std::array<uint8_t, 16> reply_src{};
  std::array<uint8_t, 16> reply_dst{};
  uint16_t reply_sport = 0;
  uint16_t reply_dport = 0;
  uint32_t mark = 0;
  uint16_t zone = 0;
  uint32_t status = 0;
  uint8_t tcp_state = 0;
  uint32_t timeout = 0;
  uint32_t id = 0;
};

}  // namespace cnm
