#pragma once

#include "facts/rows.h"
#include "js/fields.h"

namespace cnm {

// Neighbours and forwarding entries, one or many of them as packed columns; and rules. See route_ops.h for the others.

void ReadNeighbour(Fields& fields, Verb verb, NeighOp& op);
void ReadNeighbours(Fields& fields, Verb verb, NeighOp& op);
void ReadForwarding(Fields& fields, Verb verb, FdbOp& op);
void ReadForwardings(Fields& fields, Verb verb, FdbOp& op);
void ReadRule(Fields& fields, Verb verb, RuleOp& op);

}  // namespace cnm
