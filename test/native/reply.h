#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace cnm {

using Bytes = std::vector<uint8_t>;

/** A message as the kernel sends it, or as it must never send it. */
class Reply {
 public:
  explicit Reply(uint16_t type, uint16_t flags = 0);

  /** Bytes as they are: a family's header, an errno. */
  template <typename T>
  Reply& Put(const T& value) {
    return PutBytes(std::as_bytes(std::span(&value, 1)));
  }
  template <typename T>
  Reply& Attribute(int type, const T& value) {
    return AttributeBytes(type, std::as_bytes(std::span(&value, 1)));
  }
  Reply& Attribute(int type, std::string_view text) { return AttributeBytes(type, std::as_bytes(std::span(text))); }
  /** An attribute that says that it is `claimed` bytes long, whatever follows. */
  Reply& Claim(int type, uint16_t claimed);
  /** What is put behind it goes inside, until Close(). */
  Reply& Open(int type);
  Reply& Close();
  /** The same message cut to `size` bytes, and saying so. */
  Reply& Cut(size_t size);

  const Bytes& bytes();
  /** In memory of its own that ends where the message does, for AddressSanitizer to watch. */
  std::unique_ptr<nlmsghdr, void (*)(void*)> Exact();

 private:
  Reply& PutBytes(std::span<const std::byte> bytes);
  Reply& AttributeBytes(int type, std::span<const std::byte> bytes);

  Bytes bytes_;
  std::vector<size_t> nests_;
};

/** NLMSG_ERROR with the request's header only, as with NETLINK_CAP_ACK. */
Reply ErrorReply(int error, uint16_t flags = NLM_F_CAPPED);

/** Several messages in one datagram. */
Bytes Datagram(std::vector<Reply> replies);

}  // namespace cnm
