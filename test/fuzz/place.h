#pragma once

#include <cstdlib>

#include "kernel/netns.h"
#include "kernel/place.h"
#include "native/script.h"

namespace cnm {

/** The namespace of this process, whose kernel is a Script. */
inline Place& OwnPlace() {
  static Place place = [] {
    Fd netns;
    if (OpenOwnNetns(netns) != 0) abort();
    return Place(std::move(netns));
  }();
  return place;
}

}  // namespace cnm
