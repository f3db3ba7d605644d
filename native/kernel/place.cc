#include "kernel/place.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "kernel/netns.h"

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
  int fd = -1;
  if (Refused refusal = Descriptor(fd)) return refusal;
  const int error = RunInNetns(fd, [&] {
    sysctls_.FindForeseen();
    body();
  });
  return RefusedIf(error, "open");
}

Refused Place::Inode(uint64_t& inode) {
  int fd = -1;
  if (Refused refusal = Descriptor(fd)) return refusal;
  return RefusedIf(InodeOf(fd, inode), "open");
}

Refused Place::Open(const std::function<Fd()>& open, Fd& fd) {
  int error = 0;
  const Refused outside = Enter([&] {
    fd = open();
    if (!fd) error = -errno;
  });
  return outside ? outside : RefusedIf(error, "open");
}

Refused Place::Ready(Kept& kept, Socket*& socket) {
  if (!kept.socket) {
    Fd fd;
    if (Refused refusal = Open([&] { return OpenNetlink(kept.protocol); }, fd)) return refusal;
    kept.socket = std::make_unique<Socket>(std::move(fd));
  }
  socket = kept.socket.get();
  return {};
}

Refused Place::Read(Kept& kept, Message& message, const Socket::OnReply& on_reply,
                    const std::function<void()>& restart) {
  Socket* socket = nullptr;
  if (Refused refusal = Ready(kept, socket)) return refusal;
  Refused refusal = socket->Ask(message, on_reply);
  for (int again = 1; again < kAttempts && refusal; again++) {
    if (refusal->error == -ENOBUFS) {
      // The kernel would go on with the old dump, and take no other.
      Fd fd;
      if (Refused closed = Open([&] { return OpenNetlink(kept.protocol); }, fd)) return closed;
      socket->Renew(std::move(fd));
    } else if (refusal->error != -EINTR) {
      break;
    }
    restart();
    refusal = socket->Ask(message, on_reply);
  }
  return refusal;
}

Refused Place::Route(Socket*& socket) { return Ready(route_, socket); }

Refused Place::Dump(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart) {
  return Read(route_, message, on_reply, restart);
}

Refused Place::Netfilter(Socket*& socket) { return Ready(netfilter_, socket); }

Refused Place::DumpNetfilter(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart) {
  return Read(netfilter_, message, on_reply, restart);
}

Refused Place::Xfrm(Socket*& socket) { return Ready(xfrm_, socket); }

Refused Place::DumpXfrm(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart) {
  return Read(xfrm_, message, on_reply, restart);
}

Refused Place::Generic(Socket*& socket) { return Ready(generic_, socket); }

Refused Place::DumpGeneric(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart) {
  return Read(generic_, message, on_reply, restart);
}

Refused Place::Packet(Fd& socket) {
  return Open([] { return Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)); }, socket);
}

Refused Place::Inet(int family, int type, int protocol, Fd& socket) {
  return Open([&] { return Fd(::socket(family, type | SOCK_CLOEXEC, protocol)); }, socket);
}

Refused Place::Tun(Fd& device) {
  return Open([] { return Fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)); }, device);
}

Refused Place::Subscribe(const Interest& interest, const std::shared_ptr<const Bell>& bell,
                         std::shared_ptr<Subscription>& subscription) {
  Fd fd;
  if (Refused refusal = Open([&] { return OpenNetlink(interest.ruleset ? NETLINK_NETFILTER : NETLINK_ROUTE); }, fd))
    return refusal;
  subscription = Subscription::Open(std::move(fd), interest, bell);
  if (!subscription) return RefusedIf(-errno, "monitor");
  Keep(subscription);
  return {};
}

Refused Place::Listen(int32_t link, const Ear& ear, const std::shared_ptr<const Bell>& bell,
                      std::shared_ptr<PacketSocket>& socket) {
  Fd fd;
  if (Refused refusal = Packet(fd)) return refusal;
  socket = PacketSocket::Open(std::move(fd), link, ear, bell);
  if (!socket) return RefusedIf(-errno, "packets");
  Keep(socket);
  return {};
}

void Place::Keep(const std::shared_ptr<Source>& source) {
  std::erase_if(sources_, [](const auto& each) { return each.expired(); });
  sources_.push_back(source);
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
  const Refused outside = Enter([&] { error = sysctls_.Read(path, value); });
  return outside ? outside : RefusedIf(error, "sysctl");
}

Refused Place::WriteSysctl(const std::string& path, const std::string& value) {
  int error = sysctls_.WriteOutside(path, value);
  if (error != -ENOENT) return RefusedIf(error, "sysctl");
  Foresee(path);
  Fd route;
  const Refused outside = Enter([&] {
    error = sysctls_.Write(path, value);
    // Whoever begins with a sysctl has more to do there.
    if (!route_.socket) route = OpenNetlink(route_.protocol);
  });
  if (route) route_.socket = std::make_unique<Socket>(std::move(route));
  return outside ? outside : RefusedIf(error, "sysctl");
}

const int32_t* Place::KnownLink(const std::string& name) const {
  if (!links_) return nullptr;
  const auto found = links_->find(name);
  return found == links_->end() ? nullptr : &found->second;
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
  for (const auto& each : sources_) {
    if (const auto source = each.lock()) source->End();
  }
  sources_.clear();
  nft_.reset();
  route_.socket.reset();
  netfilter_.socket.reset();
  xfrm_.socket.reset();
  generic_.socket.reset();
  sysctls_.Close();
  netns_ = Fd();
}

}  // namespace cnm
