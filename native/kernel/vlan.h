#pragma once

#include "facts/outcome.h"
#include "facts/vlan.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyVlan(Place& place, const VlanOp& op);

}  // namespace cnm
