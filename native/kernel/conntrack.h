#pragma once

#include <span>

#include "facts/conntrack.h"
#include "facts/outcome.h"
#include "facts/tables.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

/** `count` is how many connections went, beside a refusal too. */
Refused DeleteConntrack(Place& place, const ConntrackDel& op, uint32_t& count);

Refused DeleteConntrack(Place& place, const ConntrackDelMany& op, uint32_t& count);

/** IPv4 and IPv6. */
Table<ConntrackRow> DumpConntrack(Place& place, const Filter& filter);

/** The protocols that are tracked, with their IPPROTO_*. */
std::span<const Word> ConntrackProtocols();
bool HasPorts(uint32_t protocol);

}  // namespace cnm
