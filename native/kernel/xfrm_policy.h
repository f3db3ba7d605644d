#pragma once

#include <span>

#include "facts/tables.h"
#include "facts/xfrm_policy.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyXfrmPolicy(Place& place, const XfrmPolicyOp& op);

Table<XfrmPolicyRow> DumpXfrmPolicies(Place& place, const Filter& filter);

/** The most templates that a policy has. */
size_t MostXfrmTemplates();

// What ip calls them, with their numbers: XFRM_POLICY_* of directions, of actions and of flags, and whether a template
// may be left out. The first is the one that is meant.
std::span<const Word> XfrmDirections();
std::span<const Word> XfrmActions();
std::span<const Word> XfrmPolicyFlags();
std::span<const Word> XfrmLevels();

}  // namespace cnm
