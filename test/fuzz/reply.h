#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace cnm {

/**
 * Bytes as a message of that length, of the type that they say, in memory that ends where it does. Null when they are
 * too few for a header: nlmsg_ok() lets no such message pass.
 */
inline std::unique_ptr<uint8_t[]> ReplyOf(const uint8_t* data, size_t size) {
  if (size < NLMSG_HDRLEN) return nullptr;
  std::unique_ptr<uint8_t[]> reply(new uint8_t[size]);
  memcpy(reply.get(), data, size);
  const auto length = static_cast<uint32_t>(size);
  memcpy(reply.get(), &length, sizeof length);
  return reply;
}

inline const nlmsghdr* HeaderOf(const std::unique_ptr<uint8_t[]>& reply) {
  return reinterpret_cast<const nlmsghdr*>(reply.get());
}

}  // namespace cnm
