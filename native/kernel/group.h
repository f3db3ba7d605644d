#pragma once

#include "facts/links.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

// All links of a group at once.

/** The kernel stops at the first link that it cannot set. */
Refused SetGroup(Place& place, const GroupSet& set);

/** All or none: refused when one of them cannot be deleted, and when there is none. */
Refused DelGroup(Place& place, const GroupDel& del);

}  // namespace cnm
