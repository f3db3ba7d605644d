#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace cnm {

/** The header of a reply's own kind, copied since it may begin where its type must not; none when the reply is too
 * short for it. */
template <typename Header>
std::optional<Header> HeaderIn(const nlmsghdr* reply) {
  if (nlmsg_datalen(reply) < static_cast<int>(sizeof(Header))) return {};
  Header header;
  memcpy(&header, nlmsg_data(reply), sizeof header);
  return header;
}

/** 4 or 6 for what the kernel calls AF_INET or AF_INET6; 0 for families that we have no use for. */
constexpr uint8_t VersionOf(int family) { return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0; }

/** The attributes of a reply: those behind a header, or those inside a nest. */
class Attributes {
 public:
  Attributes(const nlmsghdr* reply, int header_size)
      : head_(nlmsg_attrdata(reply, header_size)), length_(nlmsg_attrlen(reply, header_size)) {}
  Attributes(const void* data, int length) : head_(static_cast<const nlattr*>(data)), length_(length) {}

  Attributes Inside(int type) const {
    const auto [data, length] = Raw(type);
    return {data, length};
  }

  /** `visit` gets the attributes inside each item of a list. */
  template <typename Visit>
  void ForEachIn(int list, const Visit& visit) const {
    const Attributes items = Inside(list);
    const nlattr* item;
    int rest;
    nla_for_each_attr(item, items.head_, items.length_, rest) visit(Attributes(nla_data(item), nla_len(item)));
  }

  bool Has(int type) const { return Find(type, 0) != nullptr; }

  uint32_t U32(int type) const {
    const nlattr* found = Find(type, sizeof(uint32_t));
    return found ? nla_get_u32(found) : 0;
  }

  int32_t Index(int type) const { return static_cast<int32_t>(U32(type)); }

  uint8_t U8(int type) const {
    const nlattr* found = Find(type, sizeof(uint8_t));
    return found ? nla_get_u8(found) : 0;
  }

  uint16_t U16(int type) const {
    const nlattr* found = Find(type, sizeof(uint16_t));
    return found ? nla_get_u16(found) : uint16_t{0};
  }

  std::string Text(int type) const {
    const nlattr* found = Find(type, 0);
    if (!found) return "";
    const auto* text = static_cast<const char*>(nla_data(found));
    return {text, strnlen(text, static_cast<size_t>(nla_len(found)))};
  }

  /** All zero where the kernel has a shorter one, or none. */
  template <typename T>
  T Struct(int type) const {
    T value{};
    if (const nlattr* found = Find(type, sizeof value)) memcpy(&value, nla_data(found), sizeof value);
    return value;
  }

  /** False when there is none. A longer value is cut: a tunnel's link address can be one. */
  template <size_t N>
  bool Bytes(int type, std::array<uint8_t, N>& bytes) const {
    const nlattr* found = Find(type, 0);
    if (found) memcpy(bytes.data(), nla_data(found), std::min<size_t>(N, static_cast<size_t>(nla_len(found))));
    return found != nullptr;
  }

  std::pair<const void*, int> Raw(int type) const {
    const nlattr* found = Find(type, 0);
    return found ? std::pair<const void*, int>(nla_data(found), nla_len(found)) : std::pair<const void*, int>();
  }

 private:
  const nlattr* Find(int type, size_t size) const {
    const nlattr* found = length_ > 0 ? nla_find(head_, length_, type) : nullptr;
    return found && static_cast<size_t>(nla_len(found)) >= size ? found : nullptr;
  }

  const nlattr* head_;
  int length_;
};

}  // namespace cnm
