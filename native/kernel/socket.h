#pragma once

#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <functional>
#include <memory>

#include "facts/outcome.h"
#include "kernel/fd.h"
#include "kernel/message.h"

namespace cnm {

/** A bound netlink socket of the calling thread's namespace, for life; empty with errno set when there is none. */
Fd OpenNetlink(int protocol);

/** A socket to rtnetlink: one request at a time, each with the whole of its answer. */
class Socket {
 public:
  /** Takes over a socket that OpenNetlink made; null when libnl does not take it. */
  static std::unique_ptr<Socket> Adopt(Fd fd);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  using OnReply = std::function<void(const nlmsghdr*)>;

  /**
   * Sends a request and waits until it is answered. Dumps are repeated, with `restart` before each repetition, while
   * the kernel says that it was interrupted.
   */
  Refused Ask(Message& message, const OnReply& on_reply = {}, const std::function<void()>& restart = {});

  /** The kernel fills dump datagrams up to the largest buffer it has seen, at most 32 KiB; one link can need more. */
  static constexpr size_t kBufferSize = 65536;

  /** The kernel's own port, as the sender of a datagram. */
  static constexpr uint32_t kKernel = 0;

  // For those who send more than one request at a time.

  int fd() const { return nl_socket_get_fd(socket_); }
  /** The first of `count` numbers that no other request has. */
  uint32_t TakeSequences(uint32_t count);

 private:
  explicit Socket(nl_sock* socket);
  Refused AskOnce(Message& message, const OnReply& on_reply, bool& interrupted);

  /** The request under way. */
  struct Exchange {
    const Message& message;
    const OnReply& on_reply;
    uint32_t sequence;
    bool over = false;
    bool interrupted = false;
    Refused refusal;
  };

  static int OnMessage(nl_msg* reply, void*);
  static int OnSequence(nl_msg* reply, void* self);
  static int OnValid(nl_msg* reply, void* self);
  static int OnAck(nl_msg* reply, void* self);
  static int OnFinish(nl_msg* reply, void* self);
  static int OnInterrupted(nl_msg* reply, void* self);
  static int OnError(sockaddr_nl* from, nlmsgerr* error, void* self);

  nl_sock* socket_;
  Exchange* exchange_ = nullptr;
};

}  // namespace cnm
