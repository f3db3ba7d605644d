#pragma once

#include <cstddef>
#include <span>

#include "facts/outcome.h"
#include "facts/rows.h"
#include "kernel/options.h"
#include "kernel/place.h"

namespace cnm {

Refused ApplyRoute(Place& place, const RouteOp& op);

/** The next hop of a route whose addresses have `length` bytes. */
void PutVia(Message& message, size_t length, const Address& via);

/** What the scopes of routes, and of addresses, are called by ip, with their RT_SCOPE_*. */
std::span<const Word> Scopes();
/** What ip calls the types, with their RTN_*. */
std::span<const Word> RouteTypes();

}  // namespace cnm
