#pragma once

#include "facts/announce.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

Refused Announce(Place& place, const AnnounceOp& op);

}  // namespace cnm
