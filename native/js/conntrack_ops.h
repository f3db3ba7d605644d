#pragma once

#include "facts/conntrack.h"
#include "js/fields.h"

namespace cnm {

void ReadConntrackDel(Fields& fields, ConntrackDel& op);
void ReadConntrackDelMany(Fields& fields, ConntrackDelMany& op);

}  // namespace cnm
