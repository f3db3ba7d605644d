#include "kernel/place.h"

#include <linux/netlink.h>

#include <cerrno>

#include "kernel/netns.h"
#include "kernel/sysctl.h"

namespace cnm {

namespace {

constexpr int kAttempts = 5;

Refused RefusedIf(int error, const char* request) {
  if (error == 0) return {};
  return Refusal{.error = error, .request = request};
}

}  // namespace

Refused Place::Descriptor(int& fd) {
  if (!netns_) {
    if (Refused refusal = RefusedIf(OpenNetns(path_, netns_), "open")) return refusal;
  }
  fd = netns_.get();
  return {};
}

Refused Place::Enter(const std::function<void()>& body) {
  int fd;
  if (Refused refusal = Descriptor(fd)) return refusal;
  return RefusedIf(RunInNetns(fd, body), "open");
}

Refused Place::Inode(uint64_t& inode) {
  int fd;
  if (Refused refusal = Descriptor(fd)) return refusal;
  return RefusedIf(InodeOf(fd, inode), "open");
}

Refused Place::OpenRoute(Fd& fd) {
  int error = 0;
  const Refused refusal = Enter([&] {
    fd = OpenNetlink(NETLINK_ROUTE);
    if (!fd) error = -errno;
  });
  return refusal ? refusal : RefusedIf(error, "open");
}

Refused Place::Route(Socket*& socket) {
  if (!route_) {
    Fd fd;
    if (Refused refusal = OpenRoute(fd)) return refusal;
    route_ = std::make_unique<Socket>(std::move(fd));
  }
  socket = route_.get();
  return {};
}

Refused Place::Dump(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart) {
  Socket* socket = nullptr;
  if (Refused refusal = Route(socket)) return refusal;
  Refused refusal = socket->Ask(message, on_reply);
  for (int again = 1; again < kAttempts && refusal; again++) {
    if (refusal->error == -ENOBUFS) {
      // The kernel would go on with the old dump, and take no other.
      Fd fd;
      if (Refused closed = OpenRoute(fd)) return closed;
      socket->Renew(std::move(fd));
    } else if (refusal->error != -EINTR) {
      break;
    }
    restart();
    refusal = socket->Ask(message, on_reply);
  }
  return refusal;
}

Refused Place::Subscribe(const Interest& interest, const std::shared_ptr<const Bell>& bell,
                         std::shared_ptr<Subscription>& subscription) {
  Fd fd;
  if (Refused refusal = OpenRoute(fd)) return refusal;
  subscription = Subscription::Open(std::move(fd), interest, bell);
  if (!subscription) return RefusedIf(-errno, "monitor");
  std::erase_if(subscriptions_, [](const auto& each) { return each.expired(); });
  subscriptions_.push_back(subscription);
  return {};
}

Refused Place::RunNft(const std::string& commands, std::string& output) {
  Refused refusal;
  const Refused outside = Enter([&] {
    if (!nft_) refusal = Nft::Open(nft_);
    if (!refusal) refusal = nft_->Run(commands, output);
  });
  return outside ? outside : refusal;
}

Refused Place::ReadSysctl(const std::string& path, std::optional<std::string>& value) {
  int error = 0;
  const Refused outside = Enter([&] { error = cnm::ReadSysctl(path, value); });
  return outside ? outside : RefusedIf(error, "sysctl");
}

Refused Place::WriteSysctl(const std::string& path, const std::string& value) {
  int error = 0;
  const Refused outside = Enter([&] { error = cnm::WriteSysctl(path, value); });
  return outside ? outside : RefusedIf(error, "sysctl");
}

Refused Place::Create() {
  Fd made;
  if (const int error = CreateNetns(path_, made)) return RefusedIf(error, "netns");
  // What was open here belonged to a namespace that was at this path before.
  Close();
  netns_ = std::move(made);
  return {};
}

Refused Place::Remove() {
  Close();
  return RefusedIf(RemoveNetns(path_), "netns");
}

void Place::Close() {
  for (const auto& each : subscriptions_) {
    if (const auto subscription = each.lock()) subscription->End();
  }
  subscriptions_.clear();
  nft_.reset();
  route_.reset();
  netns_ = Fd();
}

}  // namespace cnm
