#include "kernel/batch.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/extack.h"

namespace cnm {

namespace {

/** The value of an attribute behind a header; empty when there is none. */
std::span<const uint8_t> ValueIn(const nlmsghdr* reply, size_t header_size, int attribute) {
  const auto header = static_cast<int>(header_size);
  const nlattr* found = nla_find(nlmsg_attrdata(reply, header), nlmsg_attrlen(reply, header), attribute);
  if (!found) return {};
  return {static_cast<const uint8_t*>(nla_data(found)), static_cast<size_t>(nla_len(found))};
}

/** A copy whose length the compiler knows takes no call. */
void CopyCell(uint8_t* to, const uint8_t* from, size_t width) {
  switch (width) {
    case sizeof(uint32_t):
      memcpy(to, from, sizeof(uint32_t));
      break;
    case sizeof(Mac):
      memcpy(to, from, sizeof(Mac));
      break;
    default:
      memcpy(to, from, width);
  }
}

}  // namespace

void Pattern::PutColumn(Named attribute, const Packed& column) {
  if (column.width == 0) return;
  const uint8_t zero[sizeof(Address::bytes)] = {};
  const size_t offset = shared.Put(attribute, zero, column.width);
  slots_.push_back({.column = &column, .offset = offset, .attribute = attribute.value});
}

void Pattern::PutInHeader(size_t offset, const Packed& column) {
  if (column.width > 0) slots_.push_back({.column = &column, .offset = NLMSG_HDRLEN + offset, .attribute = 0});
}

void Pattern::WriteRow(uint32_t row, void* request) const {
  for (const Slot& slot : slots_)
    CopyCell(static_cast<uint8_t*>(request) + slot.offset, slot.BytesOf(row).data(), slot.column->width);
}

std::span<const uint8_t> Pattern::Slot::BytesIn(const nlmsghdr* reply, size_t header_size) const {
  if (attribute != 0) return ValueIn(reply, header_size, attribute);
  if (reply->nlmsg_len < offset + column->width) return {};
  return {reinterpret_cast<const uint8_t*>(reply) + offset, column->width};
}

bool Pattern::Describes(uint32_t row, const nlmsghdr* reply) const {
  const auto differs = [](std::span<const uint8_t> wanted, std::span<const uint8_t> found) {
    return !found.empty() && !std::ranges::equal(wanted, found);
  };
  for (const Slot& slot : slots_) {
    if (differs(slot.BytesOf(row), slot.BytesIn(reply, header_size_))) return false;
  }
  const nlmsghdr* request = nlmsg_hdr(shared.get());
  const auto header = static_cast<int>(header_size_);
  int left = nlmsg_attrlen(request, header);
  const nlattr* attribute = nlmsg_attrdata(request, header);
  for (; nla_ok(attribute, left); attribute = nla_next(attribute, &left)) {
    if (std::ranges::find(slots_, nla_type(attribute), &Slot::attribute) != slots_.end()) continue;
    const std::span wanted(static_cast<const uint8_t*>(nla_data(attribute)), static_cast<size_t>(nla_len(attribute)));
    if (differs(wanted, ValueIn(reply, header_size_, nla_type(attribute)))) return false;
  }
  return true;
}

std::span<const uint8_t> Pattern::KeyOf(uint32_t row) const { return slots_.front().BytesOf(row); }

std::span<const uint8_t> Pattern::KeyIn(const nlmsghdr* reply) const {
  return slots_.front().BytesIn(reply, header_size_);
}

Batch::Batch(Socket& socket, const Pattern& pattern)
    : socket_(socket), pattern_(pattern), stride_(NLMSG_ALIGN(pattern.size())), buffer_(kMax * stride_) {
  for (size_t i = 0; i < kMax; i++)
    memcpy(buffer_.data() + i * stride_, nlmsg_hdr(pattern.shared.get()), pattern.size());
}

void Batch::Send(std::span<const uint32_t> rows, Answers& answers) {
  first_ = socket_.TakeSequences(static_cast<uint32_t>(rows.size()));
  answered_.reset();
  for (size_t i = 0; i < rows.size(); i++) Write(i, rows[i], i + 1 == rows.size());
  if (socket_.Send(buffer_.data(), rows.size() * stride_) == 0 && Receive(rows, answers)) return;
  for (size_t i = 0; i < rows.size(); i++) {
    if (!answered_[i]) answers.lost.push_back(rows[i]);
  }
}

void Batch::Write(size_t i, uint32_t row, bool last) {
  uint8_t* request = buffer_.data() + i * stride_;
  pattern_.WriteRow(row, request);
  auto* header = reinterpret_cast<nlmsghdr*>(request);
  header->nlmsg_seq = first_ + static_cast<uint32_t>(i);
  header->nlmsg_flags = last ? flags_ | NLM_F_ACK : flags_;
}

/**
 * Until the last is answered; once something was dropped, until nothing more comes, or the kernel would drop the next
 * too. False when answers are missing.
 */
bool Batch::Receive(std::span<const uint32_t> rows, Answers& answers) {
  bool dropped = false;
  while (dropped || !answered_[rows.size() - 1]) {
    nlmsghdr* reply = nullptr;
    const int size = socket_.Receive(reply, dropped ? MSG_DONTWAIT : 0);
    if (size == -ENOBUFS) {
      dropped = true;
    } else if (size < 0) {
      return false;
    } else {
      Read(reply, size, rows, answers);
    }
  }
  return true;
}

/** What is left of an earlier request is skipped. */
void Batch::Read(nlmsghdr* reply, int size, std::span<const uint32_t> rows, Answers& answers) {
  for (; nlmsg_ok(reply, size); reply = nlmsg_next(reply, &size)) {
    const size_t i = reply->nlmsg_seq - first_;
    if (reply->nlmsg_type != NLMSG_ERROR || i >= rows.size()) continue;
    answered_.set(i);
    if (Refused refused = RefusalInError(reply, pattern_.shared))
      AddRefused(answers.refusal, rows[i], std::move(*refused));
  }
}

void AddRefused(Refused& refusals, uint32_t row, Refusal&& refusal) {
  const int error = refusal.error;
  if (!refusals) refusals = std::move(refusal);
  refusals->rows.push_back({.row = row, .error = error});
}

}  // namespace cnm
