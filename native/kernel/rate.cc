#include "kernel/rate.h"

#include <algorithm>

namespace cnm {

namespace {

/** 64 ns each: /proc/net/psched, the same since Linux 2.6.31. */
constexpr double kTicksPerSecond = 1e9 / 64;

}  // namespace

tc_ratespec SpecOf(uint64_t rate) {
  tc_ratespec spec{};
  spec.linklayer = TC_LINKLAYER_ETHERNET;
  spec.rate = static_cast<uint32_t>(std::min<uint64_t>(rate, UINT32_MAX));
  return spec;
}

void PutWideRate(Message& message, Named attribute, uint64_t rate) {
  if (rate > UINT32_MAX) message.PutU64(attribute, rate);
}

uint32_t TicksFor(uint32_t size, uint64_t rate) {
  const double ticks = size / static_cast<double>(rate) * kTicksPerSecond;
  return static_cast<uint32_t>(std::min<double>(ticks, UINT32_MAX));
}

}  // namespace cnm
