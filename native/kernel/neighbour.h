#pragma once

#include <span>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

// Neighbours and forwarding entries. To add is all or nothing; replacing and deleting goes on behind a refused row.

Refused ApplyNeighbours(Place& place, const NeighOp& op);
Refused ApplyForwarding(Place& place, const FdbOp& op);

/** What the states are called by ip and by bridge, with their NUD_*; the first is the one that is meant. */
std::span<const Word> NeighbourStates();
std::span<const Word> ForwardingStates();

}  // namespace cnm
