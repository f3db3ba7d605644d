#include "kernel/rows.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/extack.h"

namespace cnm {

namespace {

/** Longer batches are slower where the kernel has to wait for RCU, and their refusals could overflow the receive
 * buffer. */
constexpr size_t kBatch = 64;

/** The messages of one batch, and who of them was refused. */
class Batch {
 public:
  Batch(Socket& socket, const Message& pattern, std::span<const Slot> slots)
      : socket_(socket), pattern_(pattern), slots_(slots), stride_(NLMSG_ALIGN(nlmsg_hdr(pattern.get())->nlmsg_len)) {}

  /** 0, or a negative errno when what became of the rows is unknown. */
  int Send(std::span<const uint32_t> rows, Refused& refusal) {
    buffer_.resize(rows.size() * stride_);
    first_ = socket_.TakeSequences(static_cast<uint32_t>(rows.size()));
    for (size_t i = 0; i < rows.size(); i++) Write(i, rows[i], i + 1 == rows.size());
    if (send(socket_.fd(), buffer_.data(), buffer_.size(), 0) < 0) return -errno;
    while (true) {
      sockaddr_nl from{};
      socklen_t length = sizeof from;
      const ssize_t size =
          recvfrom(socket_.fd(), answer_, sizeof answer_, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return -errno;
      if (from.nl_pid == Socket::kKernel && Read(static_cast<int>(size), rows, refusal)) return 0;
    }
  }

 private:
  void Write(size_t i, uint32_t row, bool last) {
    uint8_t* message = buffer_.data() + i * stride_;
    const nlmsghdr* pattern = nlmsg_hdr(pattern_.get());
    memcpy(message, pattern, pattern->nlmsg_len);
    auto* header = reinterpret_cast<nlmsghdr*>(message);
    header->nlmsg_seq = first_ + static_cast<uint32_t>(i);
    header->nlmsg_flags = static_cast<uint16_t>(pattern->nlmsg_flags | NLM_F_REQUEST | (last ? NLM_F_ACK : 0));
    for (const auto& [column, offset] : slots_) {
      memcpy(message + offset, column->bytes.data() + row * column->width, column->width);
    }
  }

  /** True once the last message has been answered; what is left of an earlier request is skipped. */
  bool Read(int size, std::span<const uint32_t> rows, Refused& refusal) {
    for (auto* reply = reinterpret_cast<nlmsghdr*>(answer_); nlmsg_ok(reply, size); reply = nlmsg_next(reply, &size)) {
      const size_t i = reply->nlmsg_seq - first_;
      if (reply->nlmsg_type != NLMSG_ERROR || i >= rows.size()) continue;
      if (Refused refused = RefusalInError(reply, pattern_)) {
        const int error = refused->error;
        if (!refusal) refusal = std::move(refused);
        refusal->rows.push_back({.row = rows[i], .error = error});
      }
      if (i + 1 == rows.size()) return true;
    }
    return false;
  }

  Socket& socket_;
  const Message& pattern_;
  const std::span<const Slot> slots_;
  const size_t stride_;
  uint32_t first_ = 0;
  std::vector<uint8_t> buffer_;
  alignas(nlmsghdr) char answer_[Socket::kBufferSize];
};

}  // namespace

void PutColumn(Message& pattern, Named attribute, const Packed& column, std::vector<Slot>& slots) {
  if (column.width == 0) return;
  const uint8_t zero[sizeof(Address::bytes)] = {};
  slots.push_back({.column = &column, .offset = pattern.Put(attribute, zero, column.width)});
}

Refused AskRows(Socket& socket, Message& pattern, std::span<const Slot> slots, std::span<const uint32_t> rows) {
  Refused refusal;
  Batch batch(socket, pattern, slots);
  for (size_t from = 0; from < rows.size(); from += kBatch) {
    const auto part = rows.subspan(from, std::min(kBatch, rows.size() - from));
    const int error = batch.Send(part, refusal);
    if (error == 0) continue;
    // What the rest would be refused for is unknown as well; the caller reads the table back.
    if (!refusal) refusal = Refusal{.error = error, .request = pattern.request()};
    for (const uint32_t row : rows.subspan(from)) refusal->rows.push_back({.row = row, .error = error});
    return refusal;
  }
  return refusal;
}

}  // namespace cnm
