#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "facts/changes.h"
#include "kernel/bell.h"
#include "kernel/socket.h"
#include "kernel/waiter.h"

namespace cnm {

/** What is subscribed to. */
struct Interest {
  std::set<TableIndex> tables{};
  /** nftables, instead of tables: another kind of socket tells of it. */
  bool ruleset = false;
  /** Bytes that the kernel may keep for us. */
  uint32_t buffer = 0;
};

/**
 * A socket on which the kernel tells of changes. The kernel's own buffer is the queue between it and us: what nobody
 * reads waits there, and when it overruns we are told that something was lost.
 */
class Subscription final : public Source {
 public:
  /** Takes over a socket that OpenNetlink made; null with errno set when it cannot be subscribed. `bell` rings at its
   * end. */
  static std::shared_ptr<Subscription> Open(Fd fd, const Interest& interest, std::shared_ptr<const Bell> bell);

  /** What is there, without waiting, of at most so many messages. */
  News Read(size_t most);
  void End() override;

  int fd() const override { return fd_; }

 private:
  Subscription(int fd, std::unique_ptr<Socket> socket, std::set<TableIndex> tables, std::shared_ptr<const Bell> bell);
  void Take(const nlmsghdr* message, News& news);
  template <TableIndex table>
  void TakeRow(const nlmsghdr* message, bool removed, News& news) const;

  const std::set<TableIndex> tables_;
  const std::shared_ptr<const Bell> bell_;
  /** The transaction that is being told of. */
  RulesetChange transaction_{};
  std::atomic<int> fd_;
  /** Whoever reads and whoever ends it are on different threads. */
  std::mutex mutex_;
  std::unique_ptr<Socket> socket_;
};

}  // namespace cnm
