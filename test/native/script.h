#pragma once

#include <linux/netlink.h>
#include <sys/types.h>

#include <deque>
#include <vector>

#include "reply.h"

namespace cnm {

/**
 * A kernel that says what it is told to: while a Script lives, what its thread sends on netlink goes nowhere, and what
 * it receives are these datagrams. Their sequence numbers count back from the last request, so that 0 answers it. When
 * they are used up there is silence.
 */
class Script {
 public:
  explicit Script(std::deque<Bytes> datagrams);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  /** Each send(), as it was sent. */
  const std::vector<Bytes>& requests() const { return requests_; }

  /** Who sends the datagrams: 0 is the kernel. */
  uint32_t sender = 0;
  /** Behind the datagrams, every request that wants an acknowledgement gets one. */
  bool acknowledges = false;

  // What libc's functions turn to.

  static Script* Active();
  void Sent(Bytes request);
  ssize_t Receive(void* data, size_t size, sockaddr_nl* from);

 private:
  std::deque<Bytes> datagrams_;
  std::vector<Bytes> requests_;
  uint32_t sequence_ = 0;
};

}  // namespace cnm
