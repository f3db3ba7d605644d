#pragma once

#include "facts/outcome.h"
#include "facts/tables.h"
#include "facts/vlan.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyVlan(Place& place, const VlanOp& op);

/** Adds what a reply says to the columns. */
void Decode(const nlmsghdr* reply, Columns<VlanRow>& columns);

/** The kernel has no filter. */
Table<VlanRow> DumpVlans(Place& place, const Filter& filter);

}  // namespace cnm
