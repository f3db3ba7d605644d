#pragma once

#include "facts.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyRule(Place& place, const RuleOp& op);

}  // namespace cnm
