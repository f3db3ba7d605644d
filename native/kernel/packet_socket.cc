#include "kernel/packet_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "kernel/thread.h"

namespace cnm {

namespace {

/** Longer than a frame of any link that has such talk. */
constexpr size_t kLongest = 9216;

/** Lets pass whole packets of UDP over IPv4 to `port`. */
int HearPort(int fd, uint16_t port) {
  constexpr uint32_t kIp = sizeof(ether_header);
  std::array<sock_filter, 9> program = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kIp + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 5),
      // A later fragment has no ports.
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kIp + 6),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 3, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, kIp),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, kIp + 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  }};
  const sock_fprog filter = {.len = program.size(), .filter = program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : -errno;
}

/** Answers to what a stranger asked are for the stranger's MAC: a link has to be told not to drop them. */
int HearOthers(int fd, int32_t link) {
  const packet_mreq request = {.mr_ifindex = link, .mr_type = PACKET_MR_PROMISC, .mr_alen = 0, .mr_address = {}};
  return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) == 0 ? 0 : -errno;
}

int Bind(int fd, int32_t link, const Ear& ear) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ear.arp ? ETHERTYPE_ARP : ETHERTYPE_IP);
  address.sll_ifindex = link;
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : -errno;
}

}  // namespace

std::shared_ptr<PacketSocket> PacketSocket::Open(Fd fd, int32_t link, const Ear& ear,
                                                 std::shared_ptr<const Bell> bell) {
  int error = ear.arp ? HearOthers(fd.get(), link) : HearPort(fd.get(), ear.port);
  if (error == 0) error = Bind(fd.get(), link, ear);
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
