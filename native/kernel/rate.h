#pragma once

#include <linux/pkt_sched.h>

#include <cstdint>

#include "kernel/message.h"

namespace cnm {

// How qdiscs have rates (bytes per second) and bursts.

inline constexpr double kMicrosecondsPerSecond = 1e6;

/** A kernel that is told the link layer (Linux 3.9 and newer) works out itself what tc's rate tables once told it. */
tc_ratespec SpecOf(uint64_t rate);

/** Of a rate that its spec is too narrow for. */
void PutWideRate(Message& message, Named attribute, uint64_t rate);

/** How long `size` bytes take, in the scheduler's ticks; tc counts whole microseconds, and so do we. */
uint32_t TicksFor(uint32_t size, uint64_t rate);

}  // namespace cnm
