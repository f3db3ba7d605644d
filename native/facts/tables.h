#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "facts/outcome.h"
#include "facts/words.h"

namespace cnm {

struct LinkRow {
  int32_t index = 0;
  uint32_t flags = 0;
  uint32_t mtu = 0;
  int32_t master = 0;
  int32_t parent = 0;
  uint32_t group = 0;
  Mac mac{};
  uint8_t oper_state = 0;
  std::string name;
  std::string kind;
};

struct AddressRow {
  int32_t link = 0;
  /** 4 or 6. */
  uint8_t family = 0;
  uint8_t prefix = 0;
  uint8_t scope = 0;
  uint32_t flags = 0;
  std::array<uint8_t, 16> address{};
};

struct RouteRow {
  /** 4 or 6. */
  uint8_t family = 0;
  uint8_t prefix = 0;
  uint32_t table = 0;
  uint8_t protocol = 0;
  uint8_t scope = 0;
  uint8_t type = 0;
  int32_t link = 0;
  uint32_t metric = 0;
  std::array<uint8_t, 16> to{};
  std::array<uint8_t, 16> via{};
};

struct NeighRow {
  int32_t link = 0;
  /** 4 or 6. */
  uint8_t family = 0;
  uint16_t state = 0;
  uint8_t flags = 0;
  std::array<uint8_t, 16> address{};
  Mac mac{};
};

struct FdbRow {
  int32_t link = 0;
  uint16_t state = 0;
  uint8_t flags = 0;
  int32_t master = 0;
  Mac mac{};
  /** 4 or 6, of dst; 0 without one. */
  uint8_t family = 0;
  std::array<uint8_t, 16> dst{};
  uint32_t vni = 0;
  uint32_t src_vni = 0;
  uint16_t port = 0;
  int32_t via = 0;
  uint16_t vlan = 0;
};

template <typename Row>
struct Table {
  std::vector<Row> rows;
  Refused refusal;
};

}  // namespace cnm
