#pragma once

#include <linux/netlink.h>
#include <sys/types.h>

#include <deque>
#include <span>
#include <variant>
#include <vector>

#include "reply.h"

namespace cnm {

/** A datagram, or the errno that there is instead of one: ENOBUFS when the kernel had to drop it. */
using Answer = std::variant<Bytes, int>;
/** What one send() is answered with. */
using Turn = std::vector<Answer>;

/** An acknowledgement: 0, or a negative errno. */
inline Turn Says(int error) { return {ErrorReply(error).bytes()}; }

/**
 * A kernel that says what it is told to: while a Script lives, what its thread sends on netlink goes nowhere, and what
 * it receives is the next turn for each send(), then silence. Sequence numbers count back from the last request, so
 * that 0 answers it.
 */
class Script {
 public:
  explicit Script(std::deque<Turn> turns);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /** Each send(), as it was sent. */
  const std::vector<Bytes>& requests() const { return requests_; }

  /** Something that nobody asked for. */
  void Tell(Answer answer) { queue_.push_back(std::move(answer)); }

  /** Who sends the datagrams: 0 is the kernel. */
  uint32_t sender = 0;

  // What libc's functions turn to.

  static Script* Active();
  void Sent(Bytes request);
  ssize_t Receive(void* data, size_t size, sockaddr_nl* from);

 private:
  /** For AddressSanitizer: what is in the buffer behind the datagram is of an earlier one. */
  void Forbid(std::span<const uint8_t> stale);
  void Allow();

  std::deque<Turn> turns_;
  std::deque<Answer> queue_;
  std::vector<Bytes> requests_;
  uint32_t sequence_ = 0;
  std::span<const uint8_t> stale_;
};

}  // namespace cnm
