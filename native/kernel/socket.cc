#include "kernel/socket.h"

#include <linux/rtnetlink.h>
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

constexpr int kAttempts = 5;

void Enable(int fd, int option) {
  const int on = 1;
  // An old kernel without the option answers in fewer words; nothing else changes.
  setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
}

/** The request did not get through, or its answer did not; libnl's own codes say less than errno does. */
Refusal Failed(const Message& message, int error) {
  return {.error = error ? -error : -EIO, .request = message.request()};
}

}  // namespace

Fd OpenNetlink(int protocol) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  const sockaddr_nl any = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return Fd();
  return fd;
}

std::unique_ptr<Socket> Socket::Adopt(Fd fd) {
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) Enable(fd.get(), option);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  nl_sock* socket = nl_socket_alloc();
  if (nl_socket_set_fd(socket, NETLINK_ROUTE, fd.get()) != 0) {
    nl_socket_free(socket);
    return nullptr;
  }
  fd.release();
  return std::unique_ptr<Socket>(new Socket(socket));
}

Socket::Socket(nl_sock* socket) : socket_(socket) {
  nl_socket_disable_msg_peek(socket_);
  nl_socket_set_msg_buf_size(socket_, kBufferSize);
  nl_socket_modify_cb(socket_, NL_CB_MSG_IN, NL_CB_CUSTOM, OnMessage, nullptr);
  nl_socket_modify_cb(socket_, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, OnSequence, this);
  nl_socket_modify_cb(socket_, NL_CB_VALID, NL_CB_CUSTOM, OnValid, this);
  nl_socket_modify_cb(socket_, NL_CB_ACK, NL_CB_CUSTOM, OnAck, this);
  nl_socket_modify_cb(socket_, NL_CB_FINISH, NL_CB_CUSTOM, OnFinish, this);
  nl_socket_modify_cb(socket_, NL_CB_DUMP_INTR, NL_CB_CUSTOM, OnInterrupted, this);
  nl_socket_modify_err_cb(socket_, NL_CB_CUSTOM, OnError, this);
}

Socket::~Socket() { nl_socket_free(socket_); }

uint32_t Socket::TakeSequences(uint32_t count) {
  const uint32_t first = nl_socket_use_seq(socket_);
  for (uint32_t taken = 1; taken < count; taken++) nl_socket_use_seq(socket_);
  return first;
}

Refused Socket::Ask(Message& message, const OnReply& on_reply, const std::function<void()>& restart) {
  for (int attempt = 1; attempt <= kAttempts; attempt++) {
    if (attempt > 1 && restart) restart();
    bool interrupted = false;
    Refused refusal = AskOnce(message, on_reply, interrupted);
    if (refusal || !interrupted) return refusal;
  }
  return Refusal{.error = -EINTR, .message = "the table changed while it was read", .request = message.request()};
}

Refused Socket::AskOnce(Message& message, const OnReply& on_reply, bool& interrupted) {
  if (message.overflowed()) return Failed(message, EMSGSIZE);
  nlmsghdr* header = nlmsg_hdr(message.get());
  header->nlmsg_seq = NL_AUTO_SEQ;
  errno = 0;
  if (nl_send_auto(socket_, message.get()) < 0) return Failed(message, errno);
  Exchange exchange{.message = message, .on_reply = on_reply, .sequence = header->nlmsg_seq, .refusal = {}};
  exchange_ = &exchange;
  int received = 0;
  while (!exchange.over && received >= 0) {
    errno = 0;
    received = nl_recvmsgs_default(socket_);
  }
  const int error = errno;
  exchange_ = nullptr;
  if (!exchange.over) return Failed(message, error);
  interrupted = exchange.interrupted;
  return exchange.refusal;
}

/** Whoever has CAP_NET_ADMIN in the namespace, a container say, can send to our socket as well. */
int Socket::OnMessage(nl_msg* reply, void*) { return nlmsg_get_src(reply)->nl_pid == kKernel ? NL_OK : NL_SKIP; }

/** Skips what is left of an earlier answer. */
int Socket::OnSequence(nl_msg* reply, void* self) {
  const Exchange& exchange = *static_cast<Socket*>(self)->exchange_;
  return nlmsg_hdr(reply)->nlmsg_seq == exchange.sequence ? NL_OK : NL_SKIP;
}

int Socket::OnValid(nl_msg* reply, void* self) {
  const Exchange& exchange = *static_cast<Socket*>(self)->exchange_;
  if (exchange.on_reply) exchange.on_reply(nlmsg_hdr(reply));
  return NL_OK;
}

int Socket::OnAck(nl_msg*, void* self) {
  static_cast<Socket*>(self)->exchange_->over = true;
  return NL_OK;
}

int Socket::OnFinish(nl_msg* reply, void* self) {
  Exchange& exchange = *static_cast<Socket*>(self)->exchange_;
  exchange.refusal = RefusalInDone(nlmsg_hdr(reply), exchange.message);
  exchange.over = true;
  return NL_OK;
}

int Socket::OnInterrupted(nl_msg*, void* self) {
  static_cast<Socket*>(self)->exchange_->interrupted = true;
  return NL_OK;
}

int Socket::OnError(sockaddr_nl*, nlmsgerr* error, void* self) {
  Exchange& exchange = *static_cast<Socket*>(self)->exchange_;
  // libnl hands out the body only; its header, which says how to read the rest, stands right before it.
  const auto* reply = reinterpret_cast<nlmsghdr*>(reinterpret_cast<char*>(error) - NLMSG_HDRLEN);
  exchange.refusal = RefusalInError(reply, exchange.message);
  exchange.over = true;
  return NL_SKIP;
}

}  // namespace cnm
