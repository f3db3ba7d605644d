#pragma once

#include <cstdint>
#include <optional>

#include "facts/columns.h"
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

struct VlanRow {
  int32_t link = 0;
  uint16_t vid = 0;
  uint16_t end = 0;
  uint8_t pvid = 0;
  uint8_t untagged = 0;

  static constexpr auto kFields =
      std::tuple(Field{"link", &VlanRow::link}, Field{"vid", &VlanRow::vid}, Field{"end", &VlanRow::end},
                 Field{"pvid", &VlanRow::pvid}, Field{"untagged", &VlanRow::untagged});
};

}  // namespace cnm
