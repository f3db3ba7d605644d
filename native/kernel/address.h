#pragma once

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyAddress(Place& place, const AddrOp& op);

}  // namespace cnm
