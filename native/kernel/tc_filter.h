#pragma once

#include <span>

#include "facts/outcome.h"
#include "facts/qdiscs.h"
#include "kernel/place.h"

namespace cnm {

/** The kinds, as TCA_KIND names them. */
std::span<const char* const> TcFilterKinds();

Refused ApplyTcFilter(Place& place, const TcFilterOp& op);

}  // namespace cnm
