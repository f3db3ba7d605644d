#pragma once

#include <atomic>
#include <span>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

/** See rows.h. */
Refused ApplyRoutes(Place& place, const RouteOp& op, const std::atomic<bool>& cancelled);

/** What the scopes of routes, and of addresses, are called by ip, with their RT_SCOPE_*. */
std::span<const Word> Scopes();
/** What ip calls the types, with their RTN_*. */
std::span<const Word> RouteTypes();

}  // namespace cnm
