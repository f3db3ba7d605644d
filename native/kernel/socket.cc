#include "kernel/socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "kernel/extack.h"

namespace cnm {

namespace {

/** An answer is queued before send() returns, so this passes only when the kernel had to drop it. */
constexpr timeval kPatience = {.tv_sec = 5, .tv_usec = 0};

/** Room for the answers of any batch that we send, refused or not. */
constexpr int kReceiveBuffer = 1 << 20;

/** What every socket can send at once. */
constexpr size_t kSendBuffer = 64 << 10;

/** The kernel's own port, as the sender of a datagram. */
constexpr uint32_t kKernel = 0;

/** More datagrams than the receive buffer has room for. */
constexpr int kMostQueued = 4096;

void Enable(int fd, int option) {
  const int on = 1;
  // An old kernel without the option answers in fewer words; nothing else changes.
  setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
}

/** The request did not get through, or its answer did not. */
Refusal Failed(const Message& message, int error) { return {.error = error, .request = message.request()}; }

bool IsDump(const nlmsghdr* request) { return (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; }

/** One request that waits for its answer. */
class Exchange {
 public:
  Exchange(const Message& message, const Socket::OnReply& on_reply)
      : message_(message), on_reply_(on_reply), sequence_(nlmsg_hdr(message.get())->nlmsg_seq) {}

  /** True once the answer is complete; what is left of an earlier one is skipped. */
  bool Read(nlmsghdr* reply, int size) {
    for (; nlmsg_ok(reply, size); reply = nlmsg_next(reply, &size)) {
      if (reply->nlmsg_seq != sequence_) continue;
      if (reply->nlmsg_flags & NLM_F_DUMP_INTR) interrupted_ = true;
      if (reply->nlmsg_type == NLMSG_ERROR) return End(RefusalInError(reply, message_));
      if (reply->nlmsg_type == NLMSG_DONE) return End(RefusalInDone(reply, message_));
      if (on_reply_) on_reply_(reply);
    }
    return false;
  }

  const Refused& refusal() const { return refusal_; }

 private:
  bool End(Refused refusal) {
    refusal_ = std::move(refusal);
    if (!refusal_ && interrupted_) {
      refusal_ =
          Refusal{.error = -EINTR, .message = "the table changed while it was read", .request = message_.request()};
    }
    return true;
  }

  const Message& message_;
  const Socket::OnReply& on_reply_;
  const uint32_t sequence_;
  bool interrupted_ = false;
  Refused refusal_;
};

}  // namespace

Fd OpenNetlink(int protocol) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  const sockaddr_nl any = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return Fd();
  return fd;
}

Socket::Socket(Fd fd) { Renew(std::move(fd)); }

void Socket::Renew(Fd fd) {
  fd_ = std::move(fd);
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) Enable(fd_.get(), option);
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
}

uint32_t Socket::TakeSequences(uint32_t count) {
  const uint32_t first = sequence_;
  sequence_ += count;
  return first;
}

int Socket::Send(const void* messages, size_t size) { return send(fd_.get(), messages, size, 0) < 0 ? -errno : 0; }

void Socket::MakeRoom(size_t size) {
  if (size <= kSendBuffer) return;
  const int wanted = static_cast<int>(size);
  if (setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof wanted) == 0) return;
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
}

void Socket::Drain() {
  nlmsghdr* late = nullptr;
  int received = 0;
  for (int i = 0; i < kMostQueued && (received >= 0 || received == -ENOBUFS); i++)
    received = Receive(late, MSG_DONTWAIT);
}

int Socket::Receive(nlmsghdr*& datagram, int flags) {
  while (true) {
    sockaddr_nl from{};
    socklen_t length = sizeof from;
    const ssize_t size =
        recvfrom(fd_.get(), buffer_, sizeof buffer_, MSG_TRUNC | flags, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return -errno;
    // Whoever has CAP_NET_ADMIN in the namespace, a container say, can send to our socket as well.
    if (from.nl_pid != kKernel) continue;
    // With MSG_TRUNC the kernel says how long it was, not how much of it came.
    if (static_cast<size_t>(size) > sizeof buffer_) return -EMSGSIZE;
    datagram = reinterpret_cast<nlmsghdr*>(buffer_);
    return static_cast<int>(size);
  }
}

Refused Socket::Ask(Message& message, const OnReply& on_reply) {
  if (message.overflowed()) return Failed(message, -EMSGSIZE);
  nlmsghdr* request = nlmsg_hdr(message.get());
  request->nlmsg_seq = TakeSequences(1);
  request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  Drain();
  if (const int error = Send(request, request->nlmsg_len)) return Failed(message, error);
  Exchange exchange(message, on_reply);
  while (true) {
    nlmsghdr* reply = nullptr;
    const int size = Receive(reply);
    // Something was dropped; other than of a dump, not necessarily this answer.
    if (size == -ENOBUFS && !IsDump(request)) continue;
    if (size < 0) return Failed(message, size);
    if (exchange.Read(reply, size)) return exchange.refusal();
  }
}

}  // namespace cnm
