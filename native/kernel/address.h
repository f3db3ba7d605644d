#pragma once

#include <atomic>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

/** See rows.h. */
Refused ApplyAddresses(Place& place, const AddrOp& op, const std::atomic<bool>& cancelled);

}  // namespace cnm
