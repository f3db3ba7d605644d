#include "kernel/rate.h"

#include <algorithm>
#include <cmath>

namespace cnm {

namespace {

/** A tick is 64 ns: /proc/net/psched, the same since Linux 2.6.31. */
constexpr double kTicksPerMicrosecond = 1000. / 64;

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
  const double time = std::floor(kMicrosecondsPerSecond * (size / static_cast<double>(rate)));
  return static_cast<uint32_t>(std::min<double>(time * kTicksPerMicrosecond, UINT32_MAX));
}

}  // namespace cnm
