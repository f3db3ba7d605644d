#pragma once

#include "facts/rows.h"
#include "js/fields.h"

namespace cnm {

// Addresses and routes: one, or many of them as packed columns. See row_ops.h for the others.

void ReadAddress(Fields& fields, Verb verb, AddrOp& op);
void ReadAddresses(Fields& fields, Verb verb, AddrOp& op);
void ReadRoute(Fields& fields, Verb verb, RouteOp& op);
void ReadRoutes(Fields& fields, Verb verb, RouteOp& op);

}  // namespace cnm
