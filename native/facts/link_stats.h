#pragma once

#include <cstdint>

#include "facts/columns.h"

namespace cnm {

/** What a link counted. */
struct LinkStatsRow {
  int32_t link = 0;
  uint64_t rx_bytes = 0;
  uint64_t tx_bytes = 0;
  uint64_t rx_packets = 0;
  uint64_t tx_packets = 0;
  uint64_t rx_errors = 0;
  uint64_t tx_errors = 0;
  uint64_t rx_dropped = 0;
  uint64_t tx_dropped = 0;

  static constexpr auto kFields =
      std::tuple(Field{"link", &LinkStatsRow::link}, Field{"rxBytes", &LinkStatsRow::rx_bytes},
                 Field{"txBytes", &LinkStatsRow::tx_bytes}, Field{"rxPackets", &LinkStatsRow::rx_packets},
                 Field{"txPackets", &LinkStatsRow::tx_packets}, Field{"rxErrors", &LinkStatsRow::rx_errors},
                 Field{"txErrors", &LinkStatsRow::tx_errors}, Field{"rxDropped", &LinkStatsRow::rx_dropped},
                 Field{"txDropped", &LinkStatsRow::tx_dropped});
};

}  // namespace cnm
