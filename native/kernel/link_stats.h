#pragma once

#include "facts/link_stats.h"
#include "facts/tables.h"
#include "kernel/place.h"

namespace cnm {

/** Of all links. */
Table<LinkStatsRow> DumpLinkStats(Place& place, const Filter& filter);

}  // namespace cnm
