#pragma once

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyRule(Place& place, const RuleOp& op);

}  // namespace cnm
