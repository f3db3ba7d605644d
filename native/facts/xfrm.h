#pragma once

#include <cstdint>
#include <optional>

#include "facts/words.h"

namespace cnm {

/** Which packets; what is absent does not matter. */
struct XfrmSelector {
  /** 4 or 6. */
  uint8_t family = 4;
  std::optional<Address> src;
  uint8_t src_prefix = 0;
  std::optional<Address> dst;
  uint8_t dst_prefix = 0;
  /** IPPROTO_*. */
  std::optional<uint32_t> proto;
  std::optional<uint32_t> sport;
  std::optional<uint32_t> dport;
};

struct XfrmLimits {
  std::optional<uint64_t> byte_soft;
  std::optional<uint64_t> byte_hard;
  std::optional<uint64_t> packet_soft;
  std::optional<uint64_t> packet_hard;
  std::optional<uint64_t> time_soft;
  std::optional<uint64_t> time_hard;
  std::optional<uint64_t> time_use_soft;
  std::optional<uint64_t> time_use_hard;
};

}  // namespace cnm
