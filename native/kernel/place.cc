#include "kernel/place.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "kernel/netns.h"
#include "kernel/sysctl.h"

namespace cnm {

namespace {

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

Refused Place::Open(const std::function<Fd()>& open, Fd& fd) {
  int error = 0;
  const Refused outside = Enter([&] {
    fd = open();
    if (!fd) error = -errno;
  });
  return outside ? outside : RefusedIf(error, "open");
}

Refused Place::Netlink(int protocol, std::unique_ptr<Socket>& kept, Socket*& socket) {
  if (!kept) {
    Fd fd;
    if (Refused refusal = Open([protocol] { return OpenNetlink(protocol); }, fd)) return refusal;
    kept = Socket::Adopt(std::move(fd), protocol);
    if (!kept) return RefusedIf(-EPROTO, "open");
  }
  socket = kept.get();
  return {};
}

Refused Place::Route(Socket*& socket) { return Netlink(NETLINK_ROUTE, route_, socket); }

Refused Place::Netfilter(Socket*& socket) { return Netlink(NETLINK_NETFILTER, netfilter_, socket); }

Refused Place::Packet(Fd& socket) {
  return Open([] { return Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)); }, socket);
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
  nft_.reset();
  route_.reset();
  netfilter_.reset();
  netns_ = Fd();
}

}  // namespace cnm
