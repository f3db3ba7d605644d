#include "kernel/subscription.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>
#include <vector>

#include "kernel/attributes.h"
#include "kernel/ruleset.h"
#include "kernel/tables.h"

namespace cnm {

namespace {

/** By table. Of routes also what silently takes them along, see IsDoubt(). */
const std::vector<std::vector<int>> kGroups = {
    {RTNLGRP_LINK},
    {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR},
    {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_NEXTHOP},
    {RTNLGRP_NEIGH},
    {RTNLGRP_NEIGH},
};

std::vector<int> GroupsOf(const Interest& interest) {
  if (interest.ruleset) return {NFNLGRP_NFTABLES};
  std::vector<int> groups;
  for (const TableIndex table : interest.tables) std::ranges::copy(kGroups[table], std::back_inserter(groups));
  return groups;
}

int Subscribe(int fd, const Interest& interest) {
  for (const int group : GroupsOf(interest)) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) return -errno;
  }
  const int size = static_cast<int>(interest.buffer);
  return setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0 ? 0 : -errno;
}

/** AF_*, with which the header of every message of rtnetlink begins. */
int FamilyOf(const nlmsghdr* message) { return static_cast<const rtgenmsg*>(nlmsg_data(message))->rtgen_family; }

/**
 * IPv4 routes go without a word when their link goes down, with its last address and with their nexthop; a route that
 * was replaced, and one of several next hops that is left over, are not told of either.
 */
bool IsDoubt(const nlmsghdr* message) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK: {
      const auto header = HeaderIn<ifinfomsg>(message);
      return header && !(header->ifi_flags & IFF_UP);
    }
    case RTM_NEWROUTE:
      return message->nlmsg_flags & NLM_F_REPLACE;
    case RTM_DELLINK:
    case RTM_DELADDR:
    case RTM_DELROUTE:
    case RTM_DELNEXTHOP:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::shared_ptr<Subscription> Subscription::Open(Fd fd, const Interest& interest, std::shared_ptr<const Bell> bell) {
  const int number = fd.get();
  auto socket = std::make_unique<Socket>(std::move(fd));
  if (const int error = Subscribe(number, interest)) {
    errno = -error;
    return nullptr;
  }
  return std::shared_ptr<Subscription>(new Subscription(number, std::move(socket), interest.tables, std::move(bell)));
}

Subscription::Subscription(int fd, std::unique_ptr<Socket> socket, std::set<TableIndex> tables,
                           std::shared_ptr<const Bell> bell)
    : tables_(std::move(tables)), bell_(std::move(bell)), fd_(fd), socket_(std::move(socket)) {}

News Subscription::Read(size_t most) {
  const std::lock_guard lock(mutex_);
  News news{.ended = !socket_};
  for (size_t read = 0; socket_ && read < most; read++) {
    nlmsghdr* message = nullptr;
    int size = socket_->Receive(message, MSG_DONTWAIT);
    if (size == -EAGAIN) break;
    if (size == -ENOBUFS || size == -EMSGSIZE) {
      news.overrun = true;
    } else if (size < 0) {
      news.refusal = Refusal{.error = size, .request = "monitor"};
      break;
    }
    for (; nlmsg_ok(message, size); message = nlmsg_next(message, &size)) Take(message, news);
  }
  return news;
}

void Subscription::End() {
  const std::lock_guard lock(mutex_);
  fd_ = -1;
  socket_.reset();
  bell_->Ring();
}

void Subscription::Take(const nlmsghdr* message, News& news) {
  if (!HeaderIn<rtgenmsg>(message)) return;
  if (IsOfRuleset(message)) {
    if (TakeRulesetMessage(message, transaction_)) news.transactions.push_back(std::exchange(transaction_, {}));
    return;
  }
  news.routes_in_doubt |= IsDoubt(message);
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      // Of the family of bridges it tells of a port: one that leaves its bridge is 'deleted'.
      if (FamilyOf(message) == AF_UNSPEC) TakeRow<kLink>(message, message->nlmsg_type == RTM_DELLINK, news);
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      TakeRow<kAddress>(message, message->nlmsg_type == RTM_DELADDR, news);
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      TakeRow<kRoute>(message, message->nlmsg_type == RTM_DELROUTE, news);
      break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      if (FamilyOf(message) == AF_BRIDGE) {
        TakeRow<kFdb>(message, message->nlmsg_type == RTM_DELNEIGH, news);
      } else if (const auto header = HeaderIn<ndmsg>(message); header && !(header->ndm_flags & NTF_PROXY)) {
        TakeRow<kNeigh>(message, message->nlmsg_type == RTM_DELNEIGH, news);
      }
      break;
  }
}

template <TableIndex table>
void Subscription::TakeRow(const nlmsghdr* message, bool removed, News& news) const {
  if (!tables_.contains(table)) return;
  if (news.changes.empty() || news.changes.back().rows.index() != table) {
    news.changes.push_back({.rows = AnyTable(std::in_place_index<table>), .removed = {}});
  }
  Changes& changes = news.changes.back();
  auto& columns = std::get<table>(changes.rows).columns;
  Decode(message, columns);
  // What is of no use to us was not decoded.
  changes.removed.resize(columns.length(), removed);
}

}  // namespace cnm
