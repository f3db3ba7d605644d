#pragma once

#include "facts.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyAddress(Place& place, const AddrOp& op);

}  // namespace cnm
