#pragma once

#include "facts/rows.h"
#include "js/fields.h"

namespace cnm {

// Rows of tables: one, or many of them as packed columns.

void ReadNeighbour(Fields& fields, Verb verb, NeighOp& op);
void ReadNeighbours(Fields& fields, Verb verb, NeighOp& op);
void ReadForwarding(Fields& fields, Verb verb, FdbOp& op);
void ReadForwardings(Fields& fields, Verb verb, FdbOp& op);
void ReadRoutes(Fields& fields, Verb verb, RoutesOp& op);
void ReadAddresses(Fields& fields, Verb verb, AddressesOp& op);
void ReadRule(Fields& fields, Verb verb, RuleOp& op);

}  // namespace cnm
