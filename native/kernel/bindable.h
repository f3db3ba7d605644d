#pragma once

#include "facts/outcome.h"
#include "facts/words.h"
#include "kernel/place.h"

namespace cnm {

/** Where a program might want to listen. */
struct Spot {
  Address address;
  uint16_t port = 0;
  /** Of datagrams, instead of connections. */
  bool udp = false;
};

/** Whether the kernel would let it; who tries holds the spot for a moment. */
Refused IsBindable(Place& place, const Spot& spot, bool& bindable);

}  // namespace cnm
