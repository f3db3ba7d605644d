#pragma once

#include <atomic>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

/** Many addresses, see rows.h. */
Refused ApplyAddresses(Place& place, const AddressesOp& op, const std::atomic<bool>& cancelled);

}  // namespace cnm
