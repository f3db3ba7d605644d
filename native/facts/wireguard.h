#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "facts/words.h"

namespace cnm {

/** Of Curve25519. */
using WireguardKey = std::array<uint8_t, 32>;

struct AllowedIp {
  Address address;
  uint8_t prefix = 0;

  auto operator<=>(const AllowedIp&) const = default;
};

struct WireguardPeer {
  WireguardKey public_key{};
  /** Where it is reached. */
  Address endpoint;
  uint16_t port = 0;
  /** What it may send, and what is sent to it. */
  std::vector<AllowedIp> allowed_ips;
};

/** A WireGuard link with these peers, and no others. */
struct WireguardSync {
  LinkRef link;
  WireguardKey private_key{};
  uint16_t listen_port = 0;
  std::vector<WireguardPeer> peers;
};

}  // namespace cnm
