#pragma once

#include <functional>

#include "facts/outcome.h"
#include "kernel/fd.h"
#include "kernel/message.h"

namespace cnm {

/** A bound netlink socket of the calling thread's namespace, for life; empty with errno set when there is none. */
Fd OpenNetlink(int protocol);

/** A netlink socket: one request at a time, each with the whole of its answer. */
class Socket {
 public:
  /** Takes over a socket that OpenNetlink made. */
  explicit Socket(Fd fd);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  using OnReply = std::function<void(const nlmsghdr*)>;

  /**
   * Sends a request and waits until it is answered. Of a dump, EINTR when the table changed while it was read, and
   * ENOBUFS when part of it was lost; Renew() it before the next dump.
   */
  Refused Ask(Message& message, const OnReply& on_reply = {});

  /** Goes on with another socket of the same namespace; what the old one had to say is gone. */
  void Renew(Fd fd);

  // For those who send more than one request at a time.

  /** 0, or a negative errno. */
  int Send(const void* messages, size_t size);
  /** The next datagram, until the next call; its size, or a negative errno. */
  int Receive(nlmsghdr*& datagram, int flags = 0);
  /** The first of `count` numbers that no other request has. */
  uint32_t TakeSequences(uint32_t count);
  /** Throws away answers that nobody waited for: they take the room of those to come. */
  void Drain();
  /** As many bytes can be sent at once, where the system lets us. */
  void MakeRoom(size_t size);

 private:
  /** The kernel fills dump datagrams up to the largest buffer it has seen, at most 32 KiB; one link can need more. */
  static constexpr size_t kBufferSize = 65536;

  Fd fd_;
  uint32_t sequence_ = 1;
  alignas(nlmsghdr) char buffer_[kBufferSize];
};

}  // namespace cnm
