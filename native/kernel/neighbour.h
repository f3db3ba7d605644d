#pragma once

#include <atomic>
#include <span>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

// Neighbours and forwarding entries, see rows.h.

Refused ApplyNeighbours(Place& place, const NeighOp& op, const std::atomic<bool>& cancelled);
Refused ApplyForwarding(Place& place, const FdbOp& op, const std::atomic<bool>& cancelled);

/** What the states are called by ip and by bridge, with their NUD_*; the first is the one that is meant. */
std::span<const Word> NeighbourStates();
std::span<const Word> ForwardingStates();

}  // namespace cnm
