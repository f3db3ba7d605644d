#pragma once

#include "facts/xfrm_policy.h"
#include "js/fields.h"

namespace cnm {

void ReadXfrmPolicy(Fields& fields, Verb verb, XfrmPolicyOp& op);
void ReadXfrmPolicyFlush(Fields& fields, XfrmPolicyFlush& flush);

}  // namespace cnm
