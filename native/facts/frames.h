#pragma once

#include <cstdint>
#include <vector>

#include "facts/links.h"
#include "facts/outcome.h"

namespace cnm {

/** What a packet socket hears of the frames that arrive by a link. */
struct Ear {
  LinkRef link;
  bool arp = false;
  /** Neighbour discovery: ICMPv6 of routers and neighbours. */
  bool ndp = false;
  /** UDP to this port; 0: none. */
  uint16_t port = 0;
};

/** Whole Ethernet frames, in the order in which they came. */
struct Frames {
  std::vector<std::vector<uint8_t>> frames{};
  /** The socket was closed: nothing more will come. */
  bool ended = false;
  Refused refusal{};
};

}  // namespace cnm
