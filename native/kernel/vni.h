#pragma once

#include "facts/tables.h"
#include "facts/vni.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyVni(Place& place, const VniOp& op);

/** By link. */
Table<VniRow> DumpVnis(Place& place, const Filter& filter);

}  // namespace cnm
