#pragma once

#include "facts/nexthop.h"
#include "js/fields.h"

namespace cnm {

void ReadNexthop(Fields& fields, Verb verb, NexthopOp& op);

}  // namespace cnm
