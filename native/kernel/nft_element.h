#pragma once

#include "facts/op.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

/** ENOENT when the set, its table or the element is not there. Without libnftables, which first reads all chains and
 * sets. */
Refused GetNftElement(Place& place, const NftGetOp& op);

}  // namespace cnm
