#pragma once

#include "facts/xfrm_state.h"
#include "js/fields.h"

namespace cnm {

void ReadXfrmState(Fields& fields, Verb verb, XfrmStateOp& op);
void ReadXfrmStateFlush(Fields& fields, XfrmStateFlush& flush);

}  // namespace cnm
