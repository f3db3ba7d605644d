#pragma once

#include "facts/qdiscs.h"
#include "js/fields.h"

namespace cnm {

// Qdiscs, their classes and filters. What is taken away is read without what it was given.

void ReadQdisc(Fields& fields, Verb verb, QdiscOp& op);
void ReadTcClass(Fields& fields, Verb verb, TcClassOp& op);
void ReadTcFilter(Fields& fields, Verb verb, TcFilterOp& op);

}  // namespace cnm
