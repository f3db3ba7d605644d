#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "facts/words.h"

namespace cnm {

/** An option of a kind of links, see kernel/options.h. */
struct Option;

struct PortRange {
  uint16_t low = 0;
  uint16_t high = 0;
};

/** Of a tunnel's packets: what the inner packet has. */
struct Inherit {};

/** Bits that are on or off; those that `mask` leaves out stay as they are. */
struct Flags {
  uint32_t bits = 0;
  uint32_t mask = 0;
};

/** Of a priority, to another. */
struct Mapping {
  uint32_t from = 0;
  uint32_t to = 0;
};

/** An option with what it is set to; booleans and words are numbers here. */
struct Setting {
  const Option* option = nullptr;
  std::variant<uint32_t, Address, LinkRef, PortRange, Inherit, std::vector<Mac>, Flags, std::vector<Mapping>> value;
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

/** A link whose packets a program writes and reads. */
struct TunOptions {
  /** IFF_TUN or IFF_TAP. */
  uint32_t mode = 0;
  std::optional<uint32_t> user;
  std::optional<uint32_t> group;
  bool multi_queue = false;
  bool vnet_hdr = false;
  bool pi = false;
};

struct LinkAdd : Birth {
  std::string kind;
  bool up = false;
  std::optional<LinkRef> parent;
  Settings settings;
  std::optional<Peer> peer;
  std::optional<TunOptions> tun;
  /** The namespace that it is born in, where that is another. */
  std::optional<size_t> into;
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
  /** Whose options the settings are; '' without any. */
  std::string kind;
  Settings settings;
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

}  // namespace cnm
