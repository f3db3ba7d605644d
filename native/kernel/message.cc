#include "kernel/message.h"

#include <utility>

namespace cnm {

Message::Message(Named type, int flags, const void* header, size_t size)
    : message_(nlmsg_alloc_simple(type.value, flags)), request_(type.name) {
  PutHeader(header, size);
}

Message::Message(Message&& other) noexcept
    : message_(std::exchange(other.message_, nullptr)),
      request_(other.request_),
      noted_(std::move(other.noted_)),
      nests_(std::move(other.nests_)),
      overflowed_(other.overflowed_) {}

Message::~Message() { nlmsg_free(message_); }

size_t Message::Put(Named attribute, const void* data, size_t size) {
  Note(attribute);
  const size_t offset = noted_.back().offset + NLA_HDRLEN;
  if (nla_put(message_, attribute.value, static_cast<int>(size), data) != 0) overflowed_ = true;
  return offset;
}

void Message::PutHeader(const void* header, size_t size) {
  // nlmsg_append copies without const.
  if (nlmsg_append(message_, const_cast<void*>(header), size, NLMSG_ALIGNTO) != 0) overflowed_ = true;
}

void Message::Note(Named attribute) {
  std::string path;
  for (const char* nest : nests_) path.append(nest).append(".");
  noted_.push_back({NLMSG_ALIGN(nlmsg_hdr(message_)->nlmsg_len), path.append(attribute.name)});
}

std::string Message::AttributeAt(size_t offset) const {
  for (const Noted& noted : noted_) {
    if (noted.offset == offset) return noted.path;
  }
  return "";
}

Message::Nest::Nest(Message& message, Named attribute) : message_(message) {
  message_.Note(attribute);
  message_.nests_.push_back(attribute.name);
  start_ = nla_nest_start(message_.message_, attribute.value);
  if (!start_) message_.overflowed_ = true;
}

Message::Nest::~Nest() {
  message_.nests_.pop_back();
  if (start_) nla_nest_end(message_.message_, start_);
}

}  // namespace cnm
