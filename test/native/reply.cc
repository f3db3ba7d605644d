#include "reply.h"

#include <cstdlib>
#include <cstring>

namespace cnm {

Reply::Reply(uint16_t type, uint16_t flags) {
  Put(nlmsghdr{.nlmsg_len = 0, .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 0, .nlmsg_pid = 0});
}

Reply& Reply::PutBytes(std::span<const std::byte> bytes) {
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  bytes_.insert(bytes_.end(), from, from + bytes.size());
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  return *this;
}

Reply& Reply::AttributeBytes(int type, std::span<const std::byte> bytes) {
  return Claim(type, static_cast<uint16_t>(NLA_HDRLEN + bytes.size())).PutBytes(bytes);
}

Reply& Reply::Claim(int type, uint16_t claimed) {
  return Put(nlattr{.nla_len = claimed, .nla_type = static_cast<uint16_t>(type)});
}

Reply& Reply::Open(int type) {
  nests_.push_back(bytes_.size());
  return Claim(type | NLA_F_NESTED, 0);
}

Reply& Reply::Close() {
  const auto length = static_cast<uint16_t>(bytes_.size() - nests_.back());
  memcpy(bytes_.data() + nests_.back(), &length, sizeof length);
  nests_.pop_back();
  return *this;
}

Reply& Reply::Cut(size_t size) {
  bytes_.resize(size);
  return *this;
}

const Bytes& Reply::bytes() {
  const auto length = static_cast<uint32_t>(bytes_.size());
  memcpy(bytes_.data(), &length, sizeof length);
  return bytes_;
}

std::unique_ptr<nlmsghdr, void (*)(void*)> Reply::Exact() {
  void* copy = malloc(bytes().size());
  memcpy(copy, bytes_.data(), bytes_.size());
  return {static_cast<nlmsghdr*>(copy), free};
}

Reply ErrorReply(int error, uint16_t flags) {
  return Reply(NLMSG_ERROR, flags).Put(error).Put(nlmsghdr{.nlmsg_len = NLMSG_HDRLEN});
}

Bytes Datagram(std::vector<Reply> replies) {
  Bytes datagram;
  for (Reply& reply : replies) {
    datagram.insert(datagram.end(), reply.bytes().begin(), reply.bytes().end());
    datagram.resize(NLMSG_ALIGN(datagram.size()));
  }
  return datagram;
}

}  // namespace cnm
