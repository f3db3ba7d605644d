#include "script.h"

#include <netlink/msg.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
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

Script::Script(std::deque<Turn> turns) : turns_(std::move(turns)) { active = this; }

Script::~Script() {
  Allow();
  active = nullptr;
}

Script* Script::Active() { return active; }

void Script::Sent(Bytes request) {
  ForEach(request.data(), request.size(), [&](const nlmsghdr& header) { sequence_ = header.nlmsg_seq; });
  requests_.push_back(std::move(request));
  if (turns_.empty()) return;
  std::ranges::move(turns_.front(), std::back_inserter(queue_));
  turns_.pop_front();
}

ssize_t Script::Receive(void* data, size_t size, sockaddr_nl* from) {
  Allow();
  const Answer answer = queue_.empty() ? Answer(EAGAIN) : std::move(queue_.front());
  if (!queue_.empty()) queue_.pop_front();
  if (const int* error = std::get_if<int>(&answer)) {
    errno = *error;
    return -1;
  }
  const auto& datagram = std::get<Bytes>(answer);
  const size_t taken = std::min(size, datagram.size());
  std::copy_n(datagram.begin(), taken, static_cast<uint8_t*>(data));
  Forbid({static_cast<uint8_t*>(data) + taken, size - taken});
  ForEach(data, taken, [&](nlmsghdr& header) { header.nlmsg_seq = sequence_ - header.nlmsg_seq; });
  if (from) *from = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = sender, .nl_groups = 0};
  // As with MSG_TRUNC.
  return static_cast<ssize_t>(datagram.size());
}

void Script::Forbid(std::span<const uint8_t> stale) {
  stale_ = stale;
  ASAN_POISON_MEMORY_REGION(stale_.data(), stale_.size());
}

void Script::Allow() {
  ASAN_UNPOISON_MEMORY_REGION(stale_.data(), stale_.size());
  stale_ = {};
}

}  // namespace cnm

// They come before libc's own.

using cnm::Script;

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
  const auto* from = static_cast<const uint8_t*>(data);
  script->Sent(cnm::Bytes(from, from + size));
  return static_cast<ssize_t>(size);
}

extern "C" ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* length) {
  Script* script = Script::Active();
  if (!script) return syscall(SYS_recvfrom, fd, data, size, flags, from, length);
  if (length) *length = sizeof(sockaddr_nl);
  return script->Receive(data, size, reinterpret_cast<sockaddr_nl*>(from));
}
