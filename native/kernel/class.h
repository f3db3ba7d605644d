#pragma once

#include "facts/outcome.h"
#include "facts/qdiscs.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyClass(Place& place, const ClassOp& op);

}  // namespace cnm
