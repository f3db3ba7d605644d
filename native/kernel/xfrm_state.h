#pragma once

#include <span>

#include "facts/tables.h"
#include "facts/xfrm_state.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyXfrmState(Place& place, const XfrmStateOp& op);

/** By `keys`: with them. */
Table<XfrmStateRow> DumpXfrmStates(Place& place, const Filter& filter);

/** The longest name that an algorithm has, and the widest window. */
size_t MostXfrmName();
uint32_t MostXfrmReplayWindow();

/** Numbers of 64 bits: such a state needs a window. */
bool HasEsn(const XfrmStateOp& op);

// What ip calls them, with their numbers: XFRM_STATE_*, XFRM_SA_XFLAG_* and UDP_ENCAP_*.
std::span<const Word> XfrmStateFlags();
std::span<const Word> XfrmStateExtraFlags();
std::span<const Word> XfrmEncaps();

}  // namespace cnm
