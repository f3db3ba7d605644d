#pragma once

#include "facts/conntrack.h"
#include "js/fields.h"

namespace cnm {

void ReadConntrackDel(Fields& fields, ConntrackDel& op);

}  // namespace cnm
