#pragma once

#include "facts/outcome.h"
#include "facts/xfrm_policy.h"
#include "facts/xfrm_state.h"
#include "kernel/place.h"

namespace cnm {

// `count` is how many went, beside a refusal too.

Refused FlushXfrmPolicies(Place& place, const XfrmPolicyFlush& flush, uint32_t& count);
Refused FlushXfrmStates(Place& place, const XfrmStateFlush& flush, uint32_t& count);

}  // namespace cnm
