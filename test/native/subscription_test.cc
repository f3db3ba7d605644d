#include "kernel/subscription.h"

#include <doctest/doctest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "columns.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

constexpr size_t kMost = 100;

struct Watched : Space {
  explicit Watched(std::set<TableIndex> tables) {
    REQUIRE_FALSE((*this)->Subscribe({.tables = std::move(tables), .buffer = 1 << 16}, bell, subscription));
  }
  std::shared_ptr<const Bell> bell = std::make_shared<Bell>();
  std::shared_ptr<Subscription> subscription;
};

Reply NewLink(int32_t index, uint16_t type = RTM_NEWLINK) {
  return Reply(type).Put(ifinfomsg{.ifi_index = index, .ifi_flags = IFF_UP});
}

Reply Entry(uint8_t family) { return Reply(RTM_NEWNEIGH).Put(ndmsg{.ndm_family = family, .ndm_ifindex = 7}); }

bool Rings(const Bell& bell) {
  pollfd polled = {.fd = bell.fd(), .events = POLLIN, .revents = 0};
  return poll(&polled, 1, 0) == 1;
}

}  // namespace

TEST_SUITE_BEGIN("subscription");

TEST_CASE("tells what the kernel does") {
  const Watched space({kLink});
  CHECK(space.subscription->Read(kMost).changes.empty());
  REQUIRE_FALSE(space.Do({AddBridge("br0")}).refusal);
  News news = space.subscription->Read(kMost);
  REQUIRE_FALSE(news.changes.empty());
  CHECK_EQ(RowsOf(std::get<kLink>(news.changes.front().rows).columns).front().name, "br0");
}

TEST_CASE("consecutive changes of one table are one, in their order") {
  const Watched space({kLink, kNeigh, kFdb});
  Script script({});
  script.Tell(Datagram({NewLink(1), NewLink(2, RTM_DELLINK)}));
  script.Tell(Entry(AF_INET).bytes());
  script.Tell(Entry(AF_BRIDGE).bytes());
  script.Tell(NewLink(3).bytes());
  News news = space.subscription->Read(kMost);
  REQUIRE_EQ(news.changes.size(), 4);
  CHECK_EQ(news.changes[0].removed, Bytes{0, 1});
  CHECK_EQ(RowsOf(std::get<kLink>(news.changes[0].rows).columns)[1].index, 2);
  CHECK_EQ(news.changes[1].rows.index(), kNeigh);
  CHECK_EQ(news.changes[2].rows.index(), kFdb);
  CHECK_EQ(news.changes[3].rows.index(), kLink);
}

TEST_CASE("an address that is answered for is no neighbour") {
  const Watched space({kNeigh});
  Script script({});
  script.Tell(Reply(RTM_NEWNEIGH).Put(ndmsg{.ndm_family = AF_INET, .ndm_ifindex = 7, .ndm_flags = NTF_PROXY}).bytes());
  CHECK(space.subscription->Read(kMost).changes.empty());
}

TEST_CASE("no more is read than is asked for") {
  const Watched space({kLink});
  Script script({});
  for (const int32_t index : {1, 2, 3}) script.Tell(NewLink(index).bytes());
  CHECK_EQ(space.subscription->Read(2).changes.front().removed.size(), 2);
  CHECK_EQ(space.subscription->Read(2).changes.front().removed.size(), 1);
}

TEST_CASE("what was lost is said, and what came behind it is read") {
  const Watched space({kLink});
  for (const Answer& loss : {Answer(ENOBUFS), Answer(Bytes(70000))}) {
    Script script({});
    script.Tell(loss);
    script.Tell(NewLink(1).bytes());
    const News news = space.subscription->Read(kMost);
    CHECK(news.overrun);
    CHECK_EQ(news.changes.size(), 1);
  }
}

TEST_CASE("a table that nobody asked for is left out, and so is what is cut short") {
  const Watched space({kLink, kAddress, kRoute, kNeigh, kFdb});
  Script script({});
  for (const uint16_t type : {RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH, RTM_DELLINK, RTM_DELNEIGH}) {
    script.Tell(Reply(type).bytes());
    for (const uint8_t family : {AF_UNSPEC, AF_INET, AF_BRIDGE}) script.Tell(Reply(type).Put(family).Cut(17).bytes());
  }
  for (const Changes& changes : space.subscription->Read(kMost).changes) CHECK(changes.removed.empty());
  const Watched links({kLink});
  script.Tell(Entry(AF_INET).bytes());
  CHECK(links.subscription->Read(kMost).changes.empty());
}

TEST_CASE("a link that goes down leaves routes in doubt") {
  const Watched space({kRoute});
  Script script({});
  script.Tell(NewLink(1).bytes());
  CHECK_FALSE(space.subscription->Read(kMost).routes_in_doubt);
  script.Tell(Reply(RTM_NEWLINK).Put(ifinfomsg{.ifi_index = 1}).bytes());
  CHECK(space.subscription->Read(kMost).routes_in_doubt);
}

TEST_CASE("it ends with its place, and rings") {
  Watched space({kLink});
  CHECK_GE(space.subscription->fd(), 0);
  CHECK_FALSE(Rings(*space.bell));
  space->Close();
  CHECK(Rings(*space.bell));
  CHECK_LT(space.subscription->fd(), 0);
  CHECK(space.subscription->Read(kMost).ended);
  space.bell->Silence();
  CHECK_FALSE(Rings(*space.bell));
}

TEST_SUITE_END();
