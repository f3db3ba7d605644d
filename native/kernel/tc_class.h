#pragma once

#include "facts/outcome.h"
#include "facts/qdiscs.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyTcClass(Place& place, const TcClassOp& op);

}  // namespace cnm
