#include "kernel/message.h"

#include <algorithm>
#include <utility>

namespace cnm {

Message::Message(Named type, int flags, const void* header, size_t size, size_t room)
    : message_(nlmsg_alloc_size(room)), request_(type.name) {
  nlmsg_hdr(message_)->nlmsg_type = static_cast<uint16_t>(type.value);
  nlmsg_hdr(message_)->nlmsg_flags = static_cast<uint16_t>(flags);
  PutHeader(header, size);
}

Message::Message(Message&& other) noexcept
    : message_(std::exchange(other.message_, nullptr)),
      request_(other.request_),
      noted_(std::move(other.noted_)),
      open_(other.open_),
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

void Message::Note(Named attribute) { noted_.push_back({NLMSG_ALIGN(size()), attribute.name, open_}); }

std::string Message::AttributeAt(size_t offset) const {
  const auto found = std::ranges::find(noted_, offset, &Noted::offset);
  if (found == noted_.end()) return "";
  std::string path = found->name;
  for (size_t nest = found->parent; nest != kNone; nest = noted_[nest].parent)
    path = std::string(noted_[nest].name) + "." + path;
  return path;
}

Message::Nest::Nest(Message& message, Named attribute) : message_(message), around_(message.open_) {
  message_.Note(attribute);
  message_.open_ = message_.noted_.size() - 1;
  start_ = nla_nest_start(message_.message_, attribute.value);
  if (!start_) message_.overflowed_ = true;
}

Message::Nest::~Nest() {
  message_.open_ = around_;
  if (start_) nla_nest_end(message_.message_, start_);
}

}  // namespace cnm
