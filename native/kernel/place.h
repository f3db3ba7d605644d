#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facts/outcome.h"
#include "kernel/fd.h"
#include "kernel/nft.h"
#include "kernel/packet_socket.h"
#include "kernel/socket.h"
#include "kernel/subscription.h"
#include "kernel/sysctl.h"

namespace cnm {

/**
 * A network namespace that steps are carried out in: its descriptor, its netlink sockets and its libnftables context,
 * each opened at first use. Only the kernel thread touches it; what it closes as it is destroyed nobody uses any more.
 */
class Place {
 public:
  /** The namespace that `path` will name at first use. */
  explicit Place(std::string path) : path_(std::move(path)) {}
  /** An open namespace without a path. */
  explicit Place(Fd netns) : netns_(std::move(netns)) {}

  bool HasPath() const { return !path_.empty(); }
  Refused Descriptor(int& fd);
  Refused Inode(uint64_t& inode);
  Refused Route(Socket*& socket);
  /**
   * Reads a whole table from rtnetlink. It is read anew, after `restart`, while the kernel says that it changed
   * meanwhile or drops what it had to say.
   */
  Refused Dump(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart);
  /** Ends when the place is closed. */
  Refused Subscribe(const Interest& interest, const std::shared_ptr<const Bell>& bell,
                    std::shared_ptr<Subscription>& subscription);
  /** Speaks and hears on a link of that number; ends when the place is closed. */
  Refused Listen(int32_t link, const Ear& ear, const std::shared_ptr<const Bell>& bell,
                 std::shared_ptr<PacketSocket>& socket);
  Refused Netfilter(Socket*& socket);
  /** The same of netfilter's tables. */
  Refused DumpNetfilter(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart);
  /** That of IPsec. */
  Refused Xfrm(Socket*& socket);
  Refused DumpXfrm(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart);
  /** That of generic netlink. */
  Refused Generic(Socket*& socket);
  Refused DumpGeneric(Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart);
  /** A packet socket that receives nothing; the caller's own. */
  Refused Packet(Fd& socket);
  /** Of IP, bound to nothing; the caller's own. */
  Refused Inet(int family, int type, int protocol, Fd& socket);
  /** Of a link yet to be made; the caller's own. */
  Refused Tun(Fd& device);
  /** Commands are libnftables' JSON. */
  Refused RunNft(const std::string& commands, std::string& output);
  Refused ReadSysctl(const std::string& path, std::optional<std::string>& value);
  Refused WriteSysctl(const std::string& path, const std::string& value);
  /** Whoever is going to write it says so beforehand: then it costs no visit of its own. */
  void Foresee(const std::string& sysctl) { sysctls_.Foresee(sysctl); }

  /** From now on links are looked up once, until Forget(): whatever renames or deletes one has all of them looked up
   * anew. */
  void Remember() { links_.emplace(); }
  void LookAnew() {
    if (links_) links_->clear();
  }
  void Forget() { links_.reset(); }
  /** Null where it has to be looked up. */
  const int32_t* KnownLink(const std::string& name) const;
  void Know(const std::string& name, int32_t index) {
    if (links_) (*links_)[name] = index;
  }

  /** Makes the namespace and mounts it at the path. */
  Refused Create();
  /** Undoes Create, and closes everything. */
  Refused Remove();
  void Close();

 private:
  Refused Enter(const std::function<void()>& body);
  /** What `open` opens inside; empty with errno set when it fails. */
  Refused Open(const std::function<Fd()>& open, Fd& fd);

  /** A netlink socket that is opened at first use. */
  struct Kept {
    const int protocol;
    std::unique_ptr<Socket> socket{};
  };
  Refused Ready(Kept& kept, Socket*& socket);
  Refused Read(Kept& kept, Message& message, const Socket::OnReply& on_reply, const std::function<void()>& restart);

  const std::string path_;
  Fd netns_;
  Kept route_{NETLINK_ROUTE};
  Kept netfilter_{NETLINK_NETFILTER};
  Kept xfrm_{NETLINK_XFRM};
  Kept generic_{NETLINK_GENERIC};
  std::unique_ptr<Nft> nft_;
  Sysctls sysctls_;
  std::optional<std::map<std::string, int32_t>> links_;
  /** What ends with the place. */
  std::vector<std::weak_ptr<Source>> sources_;

  void Keep(const std::shared_ptr<Source>& source);
};

}  // namespace cnm
