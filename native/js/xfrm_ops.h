#pragma once

#include "facts/xfrm.h"
#include "js/fields.h"

namespace cnm {

void ReadXfrmPolicy(Fields& fields, Verb verb, XfrmPolicyOp& op);

}  // namespace cnm
