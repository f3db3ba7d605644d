#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>

#include <cstdint>
#include <string>
#include <vector>

#include "facts/words.h"
#include "kernel/named.h"

namespace cnm {

/** A netlink request that remembers where it put which attribute: that is how the kernel names the one it dislikes. */
class Message {
 public:
  /** `room`: how long it can get, in bytes. */
  template <typename Header>
  Message(Named type, int flags, const Header& header, size_t room = kRoom)
      : Message(type, flags, &header, sizeof header, room) {}
  Message(Message&& other) noexcept;
  Message& operator=(Message&&) = delete;
  ~Message();

  /** Answers where the data is, counted from the message's beginning. */
  size_t Put(Named attribute, const void* data, size_t size);
  void PutFlag(Named attribute) { Put(attribute, nullptr, 0); }
  void PutU8(Named attribute, uint8_t value) { Put(attribute, &value, sizeof value); }
  void PutU16(Named attribute, uint16_t value) { Put(attribute, &value, sizeof value); }
  void PutU32(Named attribute, uint32_t value) { Put(attribute, &value, sizeof value); }
  void PutU64(Named attribute, uint64_t value) { Put(attribute, &value, sizeof value); }
  void PutName(Named attribute, const std::string& name) { Put(attribute, name.c_str(), name.size() + 1); }
  void PutMac(Named attribute, const Mac& mac) { Put(attribute, mac.data(), mac.size()); }
  void PutAddress(Named attribute, const Address& address) { Put(attribute, address.bytes.data(), address.length); }
  /** A header inside a nest, as VETH_INFO_PEER has it. */
  void PutHeader(const void* header, size_t size);

  /** What is put while it lives goes inside the attribute. */
  class Nest {
   public:
    Nest(Message& message, Named attribute);
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    ~Nest();

   private:
    Message& message_;
    const size_t around_;
    nlattr* start_;
  };

  /** 'IFLA_LINKINFO.IFLA_INFO_KIND' for the attribute at `offset`; '' when none begins there. */
  std::string AttributeAt(size_t offset) const;

  nl_msg* get() const { return message_; }
  size_t size() const { return nlmsg_hdr(message_)->nlmsg_len; }
  const char* request() const { return request_; }
  /** More was put than a message takes. */
  bool overflowed() const { return overflowed_; }

 private:
  static constexpr size_t kRoom = 4096;

  Message(Named type, int flags, const void* header, size_t size, size_t room);
  void Note(Named attribute);

  struct Noted {
    size_t offset;
    const char* name;
    /** Of the nest that it is in; kNone. */
    size_t parent;
  };
  static constexpr size_t kNone = SIZE_MAX;

  nl_msg* message_;
  const char* request_;
  std::vector<Noted> noted_;
  /** The nest that is open. */
  size_t open_ = kNone;
  bool overflowed_ = false;
};

}  // namespace cnm
