#pragma once

// The words that both halves share: what is asked of the kernel, and what it answered. Plain data; binding.d.ts has the
// meaning of every field.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cnm {

using Mac = std::array<uint8_t, 6>;

/** A name, or an ifindex. */
using LinkRef = std::variant<std::string, int32_t>;

struct Address {
  /** 4 or 16. */
  uint8_t length = 0;
  std::array<uint8_t, 16> bytes{};
};

enum class Verb { kAdd, kReplace, kAppend, kDel };

/** An option of a kind of links, see kernel/options.h. */
struct Option;

struct PortRange {
  uint16_t low = 0;
  uint16_t high = 0;
};

/** An option with what it is set to; booleans and words are numbers here. */
struct Setting {
  const Option* option = nullptr;
  std::variant<uint32_t, Address, LinkRef, PortRange, std::vector<Mac>> value;
};

using Settings = std::vector<Setting>;

/** What a link has from the moment it is there. */
struct Birth {
  std::string name;
  std::optional<uint32_t> mtu;
  std::optional<Mac> mac;
  std::optional<uint32_t> group;
};

struct Peer : Birth {
  size_t at = 0;
};

struct LinkAdd : Birth {
  std::string kind;
  bool up = false;
  std::optional<LinkRef> parent;
  Settings settings;
  std::optional<Peer> peer;
};

struct LinkSet {
  LinkRef link;
  std::optional<std::string> name;
  std::optional<bool> up;
  std::optional<LinkRef> master;
  std::optional<Mac> mac;
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> group;
  std::optional<std::string> alias;
  std::optional<size_t> move_to;
  Settings port;
};

struct LinkDel {
  LinkRef link;
};

struct GroupSet {
  uint32_t group = 0;
  std::optional<bool> up;
  std::optional<LinkRef> master;
  std::optional<uint32_t> mtu;
};

struct GroupDel {
  uint32_t group = 0;
};

struct AddrOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  Address address;
  uint8_t prefix = 0;
};

struct RouteOp {
  Verb verb = Verb::kAdd;
  Address to;
  uint8_t prefix = 0;
  std::optional<Address> via;
  std::optional<LinkRef> link;
  std::optional<uint32_t> table;
  std::optional<uint32_t> metric;
};

/** A column of rows of one width, one behind the other; width 0 is an absent column. */
struct Packed {
  std::vector<uint8_t> bytes;
  size_t width = 0;
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
  /** Rows have numbers that the caller knows. */
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
  std::optional<LinkRef> via;
  /** NUD_*. */
  uint32_t state = 0;
  bool self = false;
  bool master = false;
  bool extern_learn = false;
  bool sticky = false;
  /** Rows have numbers that the caller knows. */
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

struct SysctlOp {
  std::string path;
  std::string value;
};

struct NftOp {
  /** libnftables' JSON. */
  std::string commands;
};

struct NetnsOp {
  Verb verb = Verb::kAdd;
};

struct Op {
  size_t at = 0;
  std::variant<LinkAdd, LinkSet, GroupSet, LinkDel, GroupDel, AddrOp, RouteOp, NeighOp, FdbOp, RuleOp, SysctlOp, NftOp,
               NetnsOp>
      step;
};

struct RefusedRow {
  uint32_t row = 0;
  /** Negative errno. */
  int error = 0;
};

struct Refusal {
  /** Negative errno. */
  int error = 0;
  std::string message{};
  std::string attribute{};
  std::string request{};
  size_t op = 0;
  /** Of an op with many rows: those that were refused. */
  std::vector<RefusedRow> rows{};
};

/** Empty: it was done. */
using Refused = std::optional<Refusal>;

struct Outcome {
  size_t done = 0;
  std::vector<int32_t> ifindex;
  Refused refusal;
};

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
