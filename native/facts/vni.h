#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "facts/columns.h"
#include "facts/words.h"

namespace cnm {

/** Networks that a vxlan of many of them carries. */
struct VniOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  uint32_t vni = 0;
  /** The last one. */
  std::optional<uint32_t> end;
  /** A group, or the only other end. */
  std::optional<Address> remote;
};

struct VniRow {
  int32_t link = 0;
  uint32_t vni = 0;
  uint32_t end = 0;
  /** 4 or 6; 0 without a remote. */
  uint8_t family = 0;
  std::array<uint8_t, 16> remote{};

  static constexpr auto kFields =
      std::tuple(Field{"link", &VniRow::link}, Field{"vni", &VniRow::vni}, Field{"end", &VniRow::end},
                 Field{"family", &VniRow::family}, Field{"remote", &VniRow::remote});
};

}  // namespace cnm
