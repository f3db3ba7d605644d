#include "kernel/packet_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "kernel/thread.h"

namespace cnm {

namespace {

/** Longer than a frame of any link that has such talk. */
constexpr size_t kLongest = 9216;

constexpr uint32_t kType = 2 * ETHER_ADDR_LEN;
constexpr uint32_t kIp = sizeof(ether_header);
constexpr uint32_t kIpv6Body = kIp + 40;

constexpr sock_filter Load(uint16_t size, uint32_t offset) { return BPF_STMT(BPF_LD | size | BPF_ABS, offset); }
constexpr sock_filter Skip(uint8_t steps, uint16_t unless, uint32_t value) {
  return BPF_JUMP(BPF_JMP | unless | BPF_K, value, 0, steps);
}
constexpr sock_filter kTake = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
constexpr sock_filter kDrop = BPF_STMT(BPF_RET | BPF_K, 0);

/** What others say by the link, and what is on a VLAN of it: that comes by another link, where old kernels still know
 * the number. */
constexpr std::array kNotOurs = {
    Load(BPF_W, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
    Skip(1, BPF_JEQ, PACKET_OUTGOING),
    kDrop,
    Load(BPF_W, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
    Skip(3, BPF_JGT, 0),
    Load(BPF_W, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
    Skip(1, BPF_JSET, 0xfff),
    kDrop,
};

constexpr std::array kArp = {Load(BPF_H, kType), Skip(1, BPF_JEQ, ETHERTYPE_ARP), kTake};

/** Solicitations and advertisements of routers and of neighbours. */
constexpr std::array kNdp = {
    Load(BPF_H, kType),
    Skip(7, BPF_JEQ, ETHERTYPE_IPV6),
    Load(BPF_B, kIp + 6),
    Skip(5, BPF_JEQ, IPPROTO_ICMPV6),
    Load(BPF_B, kIpv6Body),
    Skip(3, BPF_JGE, ND_ROUTER_SOLICIT),
    Skip(1, BPF_JGT, ND_NEIGHBOR_ADVERT),
    kDrop,
    kTake,
};

/** Whole packets of UDP to `port`, over IPv4 and over IPv6. */
constexpr std::array<sock_filter, 19> Udp(uint16_t port) {
  return {{
      Load(BPF_H, kType),
      Skip(10, BPF_JEQ, ETHERTYPE_IP),
      Load(BPF_B, kIp + 9),
      Skip(7, BPF_JEQ, IPPROTO_UDP),
      // A later fragment has no ports.
      Load(BPF_H, kIp + 6),
      Skip(1, BPF_JSET, IP_OFFMASK),
      kDrop,
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, kIp),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, kIp + 2),
      Skip(1, BPF_JEQ, port),
      kTake,
      kDrop,
      Load(BPF_H, kType),
      Skip(5, BPF_JEQ, ETHERTYPE_IPV6),
      Load(BPF_B, kIp + 6),
      Skip(3, BPF_JEQ, IPPROTO_UDP),
      Load(BPF_H, kIpv6Body + 2),
      Skip(1, BPF_JEQ, port),
      kTake,
  }};
}

/** Lets pass what is to be heard. */
int Hear(int fd, const Ear& ear) {
  std::array<sock_filter, 48> program;
  size_t size = 0;
  const auto add = [&program, &size](std::span<const sock_filter> part) {
    std::copy(part.begin(), part.end(), program.begin() + size);
    size += part.size();
  };
  add(kNotOurs);
  if (ear.arp) add(kArp);
  if (ear.ndp) add(kNdp);
  if (ear.port) add(Udp(ear.port));
  add({&kDrop, 1});
  const sock_fprog filter = {.len = static_cast<uint16_t>(size), .filter = program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : -errno;
}

/** Answers to what a stranger asked are for the stranger's MAC: a link has to be told not to drop them. */
int HearOthers(int fd, int32_t link) {
  const packet_mreq request = {.mr_ifindex = link, .mr_type = PACKET_MR_PROMISC, .mr_alen = 0, .mr_address = {}};
  return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) == 0 ? 0 : -errno;
}

/** To all that arrives, before what is built on the link takes what is for it. */
int Bind(int fd, int32_t link) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = link;
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : -errno;
}

}  // namespace

std::shared_ptr<PacketSocket> PacketSocket::Open(Fd fd, int32_t link, const Ear& ear,
                                                 std::shared_ptr<const Bell> bell) {
  int error = Hear(fd.get(), ear);
  if (error == 0 && (ear.arp || ear.ndp)) error = HearOthers(fd.get(), link);
  if (error == 0) error = Bind(fd.get(), link);
  if (error) {
    errno = -error;
    return nullptr;
  }
  return std::shared_ptr<PacketSocket>(new PacketSocket(std::move(fd), std::move(bell)));
}

PacketSocket::PacketSocket(Fd fd, std::shared_ptr<const Bell> bell)
    : bell_(std::move(bell)), number_(fd.get()), fd_(std::move(fd)) {}

PacketSocket::~PacketSocket() {
  if (fd_) CloseAside(std::move(fd_));
}

Frames PacketSocket::Read(size_t most) {
  const std::lock_guard lock(mutex_);
  Frames heard{.ended = !fd_};
  std::array<uint8_t, kLongest> buffer;
  while (fd_ && heard.frames.size() < most) {
    const ssize_t size = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) {
      if (errno != EAGAIN) heard.refusal = Refusal{.error = -errno, .request = "packets"};
      break;
    }
    heard.frames.emplace_back(buffer.begin(), buffer.begin() + size);
  }
  return heard;
}

Refused PacketSocket::Send(const std::vector<uint8_t>& frame) {
  const std::lock_guard lock(mutex_);
  if (!fd_) return Refusal{.error = -EBADF, .request = "packets"};
  if (send(fd_.get(), frame.data(), frame.size(), MSG_DONTWAIT) >= 0) return {};
  return Refusal{.error = -errno, .request = "packets"};
}

void PacketSocket::End() {
  const std::lock_guard lock(mutex_);
  number_ = -1;
  if (fd_) CloseAside(std::move(fd_));
  bell_->Ring();
}

void CloseAside(Fd socket) {
  const int fd = socket.release();
  pthread_t thread;
  if (StartThread(thread, [fd] { close(fd); }) == 0) {
    pthread_detach(thread);
  } else {
    close(fd);
  }
}

}  // namespace cnm
