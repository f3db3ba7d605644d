#pragma once

#include <atomic>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

/** Many unicast routes, see rows.h. */
Refused ApplyRoutes(Place& place, const RoutesOp& op, const std::atomic<bool>& cancelled);

}  // namespace cnm
