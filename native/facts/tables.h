#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "facts/columns.h"
#include "facts/outcome.h"
#include "facts/words.h"

namespace cnm {

struct LinkRow {
  int32_t index = 0;
  uint32_t flags = 0;
  uint32_t mtu = 0;
  int32_t master = 0;
  int32_t parent = 0;
  /** Of the parent, as this namespace counts them; -1 is this one. */
  int32_t parent_netns = -1;
  uint32_t group = 0;
  Mac mac{};
  uint8_t oper_state = 0;
  std::string name;
  std::string kind;
  /** Of kind vlan: its number. */
  uint16_t vlan = 0;
  /** Of kind bridge. */
  uint8_t vlan_filtering = 0;

  static constexpr auto kFields = std::tuple(
      Field{"index", &LinkRow::index}, Field{"flags", &LinkRow::flags}, Field{"mtu", &LinkRow::mtu},
      Field{"master", &LinkRow::master}, Field{"parent", &LinkRow::parent},
      Field{"parentNetns", &LinkRow::parent_netns}, Field{"group", &LinkRow::group}, Field{"mac", &LinkRow::mac},
      Field{"operState", &LinkRow::oper_state}, Field{"names", &LinkRow::name}, Field{"kinds", &LinkRow::kind},
      Field{"vlan", &LinkRow::vlan}, Field{"vlanFiltering", &LinkRow::vlan_filtering});
};

struct AddressRow {
  int32_t link = 0;
  /** 4 or 6. */
  uint8_t family = 0;
  uint8_t prefix = 0;
  uint8_t scope = 0;
  uint32_t flags = 0;
  std::array<uint8_t, 16> address{};

  static constexpr auto kFields = std::tuple(
      Field{"link", &AddressRow::link}, Field{"family", &AddressRow::family}, Field{"prefix", &AddressRow::prefix},
      Field{"scope", &AddressRow::scope}, Field{"flags", &AddressRow::flags}, Field{"address", &AddressRow::address});
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
  /** Of via: 4 or 6; 0 without one. */
  uint8_t via_family = 0;
  std::array<uint8_t, 16> via{};
  uint32_t nexthop_id = 0;

  static constexpr auto kFields = std::tuple(Field{"family", &RouteRow::family}, Field{"prefix", &RouteRow::prefix},
                                             Field{"table", &RouteRow::table}, Field{"protocol", &RouteRow::protocol},
                                             Field{"scope", &RouteRow::scope}, Field{"type", &RouteRow::type},
                                             Field{"link", &RouteRow::link}, Field{"metric", &RouteRow::metric},
                                             Field{"to", &RouteRow::to}, Field{"viaFamily", &RouteRow::via_family},
                                             Field{"via", &RouteRow::via}, Field{"nexthopId", &RouteRow::nexthop_id});
};

struct NeighRow {
  int32_t link = 0;
  /** 4 or 6. */
  uint8_t family = 0;
  uint16_t state = 0;
  uint8_t flags = 0;
  std::array<uint8_t, 16> address{};
  Mac mac{};

  static constexpr auto kFields =
      std::tuple(Field{"link", &NeighRow::link}, Field{"family", &NeighRow::family}, Field{"state", &NeighRow::state},
                 Field{"flags", &NeighRow::flags}, Field{"address", &NeighRow::address}, Field{"mac", &NeighRow::mac});
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
  uint32_t nhid = 0;
  uint32_t vni = 0;
  uint32_t src_vni = 0;
  uint16_t port = 0;
  int32_t via = 0;
  uint16_t vlan = 0;

  static constexpr auto kFields =
      std::tuple(Field{"link", &FdbRow::link}, Field{"state", &FdbRow::state}, Field{"flags", &FdbRow::flags},
                 Field{"master", &FdbRow::master}, Field{"mac", &FdbRow::mac}, Field{"family", &FdbRow::family},
                 Field{"dst", &FdbRow::dst}, Field{"nhid", &FdbRow::nhid}, Field{"vni", &FdbRow::vni},
                 Field{"srcVni", &FdbRow::src_vni}, Field{"port", &FdbRow::port}, Field{"via", &FdbRow::via},
                 Field{"vlan", &FdbRow::vlan});
};

template <typename Row>
struct Table {
  Columns<Row> columns;
  Refused refusal;
};

/** Which rows of a table are asked for; what is absent does not matter. */
struct Filter {
  std::optional<LinkRef> link;
  std::optional<LinkRef> master;
  /** 4 or 6. */
  std::optional<uint8_t> family;
  std::optional<uint32_t> table;
  /** Of routes: RTN_*. */
  std::optional<uint32_t> type;
  /** Addresses that are answered for, in the place of neighbours. */
  bool proxy = false;
  /** Keys of states of IPsec, which nobody gets who does not ask. */
  bool keys = false;
};

}  // namespace cnm
