#include "kernel/bindable.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace cnm {

namespace {

/** With the length that bind() wants. */
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress AddressOf(const Spot& spot) {
  SocketAddress address;
  const auto copy = [&](auto& of_family, auto& bytes) {
    std::copy_n(spot.address.bytes.begin(), spot.address.length, reinterpret_cast<uint8_t*>(&bytes));
    address.size = sizeof of_family;
  };
  if (spot.address.length == 4) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(address.storage);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(spot.port);
    copy(ipv4, ipv4.sin_addr);
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(spot.port);
    copy(ipv6, ipv6.sin6_addr);
  }
  return address;
}

}  // namespace

Refused IsBindable(Place& place, const Spot& spot, bool& bindable) {
  const SocketAddress address = AddressOf(spot);
  Fd socket;
  const int type = spot.udp ? SOCK_DGRAM : SOCK_STREAM;
  if (Refused refusal = place.Inet(address.storage.ss_family, type, 0, socket)) return refusal;
  const int on = 1;
  // As servers do: connections that have just ended are not in the way. Of IPv6 alone: what has the port of IPv4 is
  // not.
  if (!spot.udp) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (spot.address.length == 16) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  bindable = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0;
  if (bindable || errno == EADDRINUSE) return {};
  return Refusal{.error = -errno, .request = "bind"};
}

}  // namespace cnm
