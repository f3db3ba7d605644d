#pragma once

#include <cstdint>
#include <vector>

#include "facts/words.h"

namespace cnm {

// Whole Ethernet frames, from `mac` to everybody.

/** ARP that says that `address` is at `mac`; as a reply, which some neighbours listen to only, or as a request. */
std::vector<uint8_t> GratuitousArp(const Mac& mac, const Address& address, bool reply);

/** ICMPv6 that says the same, and overrides what was known. */
std::vector<uint8_t> NeighbourAdvertisement(const Mac& mac, const Address& address, bool router);

}  // namespace cnm
