#pragma once

#include "facts/tables.h"
#include "facts/vlan.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyVlan(Place& place, const VlanOp& op);

/** Of ports, and of bridges themselves. */
Table<VlanRow> DumpVlans(Place& place, const Filter& filter);

}  // namespace cnm
