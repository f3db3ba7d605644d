#pragma once

#include "facts/qdiscs.h"
#include "facts/tables.h"
#include "kernel/place.h"

namespace cnm {

/** Of all links. */
Table<QdiscRow> DumpQdiscs(Place& place, const Filter& filter);

}  // namespace cnm
