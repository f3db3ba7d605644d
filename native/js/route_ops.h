#pragma once

#include "facts/rows.h"
#include "js/fields.h"

namespace cnm {

// One address and one route, with all that they can have; see row_ops.h for many.

void ReadAddress(Fields& fields, Verb verb, AddrOp& op);
void ReadRoute(Fields& fields, Verb verb, RouteOp& op);

}  // namespace cnm
