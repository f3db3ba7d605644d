#pragma once

#include "facts/outcome.h"
#include "facts/wireguard.h"
#include "kernel/place.h"

namespace cnm {

/** Peers that stay keep their sessions. */
Refused SyncWireguard(Place& place, const WireguardSync& sync);

}  // namespace cnm
