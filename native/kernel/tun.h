#pragma once

#include <span>

#include "facts/links.h"
#include "facts/outcome.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

/** 'tun' and 'tap', with their IFF_*. */
std::span<const Word> TunModes();

/** rtnetlink makes no such links; the device does, and whoever has it open can make the link stay. */
Refused AddTun(Place& place, const LinkAdd& add, int32_t& index);

}  // namespace cnm
