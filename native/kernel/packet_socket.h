#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "facts/frames.h"
#include "kernel/bell.h"
#include "kernel/fd.h"
#include "kernel/waiter.h"

namespace cnm {

/** Speaks and hears on a link as it is, whatever addresses that has. Only what it is to hear is kept for it. */
class PacketSocket final : public Source {
 public:
  /** Takes over a socket that hears nothing yet; null with errno set when it cannot. `bell` rings at its end. */
  static std::shared_ptr<PacketSocket> Open(Fd fd, int32_t link, const Ear& ear, std::shared_ptr<const Bell> bell);
  ~PacketSocket() override;

  /** What is there, without waiting, of at most so many frames. */
  Frames Read(size_t most);
  Refused Send(const std::vector<uint8_t>& frame);
  void End() override;

  int fd() const override { return number_; }

 private:
  PacketSocket(Fd fd, std::shared_ptr<const Bell> bell);

  const std::shared_ptr<const Bell> bell_;
  std::atomic<int> number_;
  /** Whoever reads, who sends and who ends it are on different threads. */
  std::mutex mutex_;
  Fd fd_;
};

/**
 * Closing a packet socket waits until no processor can still be handing it a packet: 5 to 30 ms, which another thread
 * spends.
 */
void CloseAside(Fd socket);

}  // namespace cnm
