#pragma once

#include <cstdint>
#include <optional>

#include "facts/words.h"

namespace cnm {

struct AnnounceOp {
  LinkRef link;
  Address address;
  std::optional<Mac> mac;
  uint32_t count = 1;
  /** Of IPv4. */
  bool reply = false;
  /** Of IPv6. */
  bool router = false;
};

}  // namespace cnm
