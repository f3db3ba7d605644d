#pragma once

#include "facts.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyRoute(Place& place, const RouteOp& op);

}  // namespace cnm
