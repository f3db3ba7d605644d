#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/words.h"

namespace cnm {

// Of a row, or of many: what is not Packed holds for all of them. `many` when the caller knows rows by their numbers.

struct AddrOp {
  Verb verb = Verb::kAdd;
  size_t count = 0;
  Packed addresses;
  Packed prefixes;
  Packed peers;
  /** Ifindexes, in the place of the link. */
  Packed links;
  std::optional<LinkRef> link;
  std::optional<Address> broadcast;
  std::optional<std::string> label;
  /** RT_SCOPE_*. */
  std::optional<uint32_t> scope;
  bool no_prefix_route = false;
  bool home = false;
  bool mng_tmp_addr = false;
  std::optional<uint32_t> valid_lifetime;
  std::optional<uint32_t> preferred_lifetime;
  bool many = false;
};

struct RouteHop {
  std::optional<Address> via;
  std::optional<LinkRef> link;
  bool onlink = false;
  std::optional<uint32_t> weight;
};

struct RouteOp {
  Verb verb = Verb::kAdd;
  size_t count = 0;
  Packed tos;
  Packed prefixes;
  Packed vias;
  /** Ifindexes, in the place of the link. */
  Packed links;
  Packed nexthop_ids;
  std::optional<LinkRef> link;
  /** RTN_*. */
  std::optional<uint32_t> type;
  bool onlink = false;
  std::vector<RouteHop> hops;
  std::optional<uint32_t> table;
  std::optional<uint32_t> metric;
  /** RTPROT_*. */
  std::optional<uint32_t> protocol;
  /** RT_SCOPE_*. */
  std::optional<uint32_t> scope;
  std::optional<Address> src;
  std::optional<uint32_t> mtu;
  bool many = false;
};

struct NeighOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  size_t count = 0;
  Packed addresses;
  Packed macs;
  /** NUD_*. */
  uint32_t state = 0;
  bool proxy = false;
  bool router = false;
  bool extern_learn = false;
  bool many = false;
};

struct FdbOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  size_t count = 0;
  Packed macs;
  Packed dsts;
  Packed vnis;
  std::optional<uint32_t> port;
  std::optional<uint32_t> src_vni;
  std::optional<uint32_t> vlan;
  std::optional<uint32_t> nhid;
  std::optional<LinkRef> via;
  /** NUD_*. */
  uint32_t state = 0;
  bool self = false;
  bool master = false;
  bool extern_learn = false;
  bool sticky = false;
  bool many = false;
};

struct RuleOp {
  Verb verb = Verb::kAdd;
  /** 4 or 6. */
  uint8_t family = 4;
  uint32_t priority = 0;
  uint32_t table = 0;
  std::optional<Address> from;
  uint8_t from_prefix = 0;
  std::optional<Address> to;
  uint8_t to_prefix = 0;
  std::optional<std::string> iif;
  std::optional<std::string> oif;
  std::optional<uint32_t> mark;
  std::optional<uint32_t> mask;
  bool inverted = false;
  std::optional<uint32_t> suppress_prefix_length;
};

}  // namespace cnm
