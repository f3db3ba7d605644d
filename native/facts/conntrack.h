#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "facts/columns.h"
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
  /** Of ports that begin with orig.dport: the last. */
  std::optional<uint32_t> orig_dport_end;
  Direction reply;
  std::optional<uint32_t> mark;
  uint32_t mask = UINT32_MAX;
  std::optional<uint32_t> zone;
};

/** Whatever one of these addresses began, or answers to. */
struct ConntrackDelMany {
  /** 4 or 6. */
  uint8_t family = 4;
  size_t count = 0;
  Packed addresses;
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

  static constexpr auto kFields =
      std::tuple(Field{"family", &ConntrackRow::family}, Field{"proto", &ConntrackRow::proto},
                 Field{"origSrc", &ConntrackRow::orig_src}, Field{"origDst", &ConntrackRow::orig_dst},
                 Field{"origSport", &ConntrackRow::orig_sport}, Field{"origDport", &ConntrackRow::orig_dport},
                 Field{"replySrc", &ConntrackRow::reply_src}, Field{"replyDst", &ConntrackRow::reply_dst},
                 Field{"replySport", &ConntrackRow::reply_sport}, Field{"replyDport", &ConntrackRow::reply_dport},
                 Field{"mark", &ConntrackRow::mark}, Field{"zone", &ConntrackRow::zone},
                 Field{"status", &ConntrackRow::status}, Field{"tcpState", &ConntrackRow::tcp_state},
                 Field{"timeout", &ConntrackRow::timeout}, Field{"id", &ConntrackRow::id});
};

}  // namespace cnm
