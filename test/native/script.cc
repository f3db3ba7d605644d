#include "script.h"

#include <netlink/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cnm {

namespace {

thread_local Script* active = nullptr;

/** Visits the messages in a datagram, as far as their lengths can be believed. */
template <typename Visit>
void ForEach(void* data, size_t size, const Visit& visit) {
  int left = static_cast<int>(size);
  for (auto* at = static_cast<nlmsghdr*>(data); nlmsg_ok(at, left); at = nlmsg_next(at, &left)) visit(*at);
}

}  // namespace

Script::Script(std::deque<Bytes> datagrams) : datagrams_(std::move(datagrams)) { active = this; }

Script::~Script() { active = nullptr; }

Script* Script::Active() { return active; }

void Script::Sent(Bytes request) {
  ForEach(request.data(), request.size(), [&](const nlmsghdr& header) {
    sequence_ = header.nlmsg_seq;
    if (acknowledges && header.nlmsg_flags & NLM_F_ACK) datagrams_.push_back(ErrorReply(0).bytes());
  });
  requests_.push_back(std::move(request));
}

ssize_t Script::Receive(void* data, size_t size, sockaddr_nl* from) {
  if (datagrams_.empty()) {
    errno = EAGAIN;
    return -1;
  }
  const Bytes datagram = std::move(datagrams_.front());
  datagrams_.pop_front();
  const size_t taken = std::min(size, datagram.size());
  memcpy(data, datagram.data(), taken);
  ForEach(data, taken, [&](nlmsghdr& header) { header.nlmsg_seq = sequence_ - header.nlmsg_seq; });
  if (from) *from = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = sender, .nl_groups = 0};
  return static_cast<ssize_t>(taken);
}

}  // namespace cnm

// They come before libc's own, in libnl as well.

using cnm::Script;

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_sendmsg, fd, message, flags);
  cnm::Bytes request;
  for (size_t i = 0; i < message->msg_iovlen; i++) {
    const auto* from = static_cast<const uint8_t*>(message->msg_iov[i].iov_base);
    request.insert(request.end(), from, from + message->msg_iov[i].iov_len);
  }
  const auto size = static_cast<ssize_t>(request.size());
  script->Sent(std::move(request));
  return size;
}

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
  const auto* from = static_cast<const uint8_t*>(data);
  script->Sent(cnm::Bytes(from, from + size));
  return static_cast<ssize_t>(size);
}

extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_recvmsg, fd, message, flags);
  message->msg_namelen = sizeof(sockaddr_nl);
  message->msg_controllen = 0;
  message->msg_flags = 0;
  const iovec& to = message->msg_iov[0];
  return script->Receive(to.iov_base, to.iov_len, static_cast<sockaddr_nl*>(message->msg_name));
}

extern "C" ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* length) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_recvfrom, fd, data, size, flags, from, length);
  if (length) *length = sizeof(sockaddr_nl);
  return script->Receive(data, size, reinterpret_cast<sockaddr_nl*>(from));
}

extern "C" ssize_t recv(int fd, void* data, size_t size, int flags) {
  return recvfrom(fd, data, size, flags, nullptr, nullptr);
}
