#pragma once

#include <cstdint>
#include <optional>

#include "facts/words.h"

namespace cnm {

/** VLANs that a port of a bridge, or the bridge itself, is in. */
struct VlanOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  uint32_t vid = 0;
  /** The last one. */
  std::optional<uint32_t> end;
  bool pvid = false;
  bool untagged = false;
  bool self = false;
  bool master = false;
};

}  // namespace cnm
