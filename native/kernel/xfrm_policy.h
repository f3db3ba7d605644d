#pragma once

#include <span>

#include "facts/tables.h"
#include "facts/xfrm.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyXfrmPolicy(Place& place, const XfrmPolicyOp& op);

Table<XfrmPolicyRow> DumpXfrmPolicies(Place& place, const Filter& filter);

/** The most templates that a policy has. */
size_t MostXfrmTemplates();

// What ip calls them, with their numbers: XFRM_POLICY_*, IPPROTO_* of packets, those with ports, XFRM_POLICY_*,
// IPPROTO_* of what is done to packets, XFRM_MODE_*, and whether a template may be left out. The first is the one that
// is meant.
std::span<const Word> XfrmDirections();
std::span<const Word> XfrmProtocols();
bool HasXfrmPorts(uint32_t protocol);
std::span<const Word> XfrmActions();
std::span<const Word> XfrmTransforms();
std::span<const Word> XfrmModes();
std::span<const Word> XfrmLevels();

}  // namespace cnm
