#pragma once

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyRoute(Place& place, const RouteOp& op);

}  // namespace cnm
