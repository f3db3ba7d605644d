#pragma once

#include "facts/nexthop.h"
#include "facts/tables.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyNexthop(Place& place, const NexthopOp& op);

Table<NexthopRow> DumpNexthops(Place& place, const Filter& filter);

}  // namespace cnm
