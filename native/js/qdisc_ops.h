#pragma once

#include "facts/qdiscs.h"
#include "js/fields.h"

namespace cnm {

// Qdiscs, their classes and filters. What is taken away is read without what it was given.

void ReadQdisc(Fields& fields, Verb verb, QdiscOp& op);
void ReadClass(Fields& fields, Verb verb, ClassOp& op);
void ReadFilter(Fields& fields, Verb verb, FilterOp& op);

}  // namespace cnm
