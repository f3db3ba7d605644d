#include "kernel/place.h"

#include <doctest/doctest.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "kernel/netns.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

constexpr char kAddTable[] = R"({"nftables": [{"add": {"table": {"family": "inet", "name": "lab"}}}]})";
constexpr char kListTables[] = R"({"nftables": [{"list": {"tables": {}}}]})";

Reply Link(int32_t index, uint16_t flags = 0) {
  return Reply(RTM_NEWLINK, NLM_F_MULTI | flags).Put(ifinfomsg{.ifi_index = index});
}

uint64_t InodeOf(Place& place) {
  uint64_t inode = 0;
  REQUIRE_FALSE(place.Inode(inode));
  return inode;
}

}  // namespace

TEST_SUITE_BEGIN("place");

TEST_CASE("is opened at first use, not before") {
  const Folder folder;
  Place place(folder / "netns");
  CHECK(place.HasPath());
  uint64_t inode = 0;
  const Refused refusal = place.Inode(inode);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -ENOENT);
  CHECK_EQ(refusal->request, "open");
  REQUIRE_FALSE(place.Create());
  CHECK_FALSE(place.Inode(inode));
  CHECK_GT(inode, 0);
}

TEST_CASE("keeps what it has opened until it is closed, then opens it again") {
  Space space;
  int before = -1, after = -1;
  Socket *first = nullptr, *second = nullptr;
  REQUIRE_FALSE(space->Descriptor(before));
  REQUIRE_FALSE(space->Route(first));
  REQUIRE_FALSE(space->Route(second));
  CHECK_EQ(first, second);
  const uint64_t inode = InodeOf(*space);
  space->Close();
  space->Close();
  REQUIRE_FALSE(space->Descriptor(after));
  CHECK_EQ(InodeOf(*space), inode);
}

TEST_CASE("is not made twice, and stays as it is when that is refused") {
  Space space;
  const uint64_t inode = InodeOf(*space);
  const Refused refusal = space->Create();
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EEXIST);
  CHECK_EQ(refusal->request, "netns");
  CHECK_EQ(InodeOf(*space), inode);
}

TEST_CASE("is gone once it is removed, and can be made anew") {
  Space space;
  const uint64_t inode = InodeOf(*space);
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  REQUIRE_FALSE(space->Remove());
  CHECK_EQ(space->Route(socket)->error, -ENOENT);
  CHECK_EQ(space->Remove()->error, -ENOENT);
  REQUIRE_FALSE(space->Create());
  CHECK_NE(InodeOf(*space), inode);
}

TEST_CASE("one without a path is the namespace that it was given") {
  Fd own;
  REQUIRE_EQ(OpenOwnNetns(own), 0);
  Place place(std::move(own));
  CHECK_FALSE(place.HasPath());
  CHECK_GT(InodeOf(place), 0);
  Socket* socket = nullptr;
  CHECK_FALSE(place.Route(socket));
}

TEST_CASE("a dump that was torn is read again, from the beginning") {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  Message message(CNM_NAMED(RTM_GETLINK), NLM_F_DUMP, ifinfomsg{});
  const Bytes whole = Datagram({Link(2), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)});
  const Bytes torn = Datagram({Link(1, NLM_F_DUMP_INTR), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)});
  std::vector<int32_t> seen;
  const auto note = [&](const nlmsghdr* reply) {
    seen.push_back(static_cast<const ifinfomsg*>(nlmsg_data(reply))->ifi_index);
  };
  const auto restart = [&] { seen.clear(); };
  SUBCASE("by a change of the table") {
    const Script script({{torn}, {whole}});
    CHECK_FALSE(space->Dump(message, note, restart));
    CHECK_EQ(seen, std::vector<int32_t>{2});
  }
  SUBCASE("by a part that was lost, on another socket") {
    const Script script({{Link(1).bytes(), ENOBUFS}, {whole}});
    CHECK_FALSE(space->Dump(message, note, restart));
    CHECK_EQ(seen, std::vector<int32_t>{2});
  }
  SUBCASE("but not for ever") {
    const Script script({{torn}, {torn}, {torn}, {torn}, {torn}, {whole}});
    const Refused refusal = space->Dump(message, note, restart);
    REQUIRE(refusal);
    CHECK_EQ(refusal->error, -EINTR);
    CHECK_EQ(script.requests().size(), 5);
  }
  SUBCASE("not when it is refused") {
    const Script script({{ErrorReply(-EPERM).bytes()}, {whole}});
    CHECK_EQ(space->Dump(message, note, restart)->error, -EPERM);
  }
}

TEST_CASE("has nftables of its own") {
  Space space, other;
  std::string output;
  REQUIRE_FALSE(space->RunNft(kAddTable, output));
  REQUIRE_FALSE(space->RunNft(kListTables, output));
  CHECK_NE(output.find("\"lab\""), std::string::npos);
  CHECK_EQ(space.Look("nft list tables"), "table inet lab\n");
  CHECK_EQ(other.Look("nft list tables"), "");
}

TEST_CASE("says what nftables refuses, in its words") {
  Space space;
  std::string output;
  const Refused missing =
      space->RunNft(R"({"nftables": [{"delete": {"table": {"family": "inet", "name": "no"}}}]})", output);
  REQUIRE(missing);
  CHECK_EQ(missing->error, -ENOENT);
  CHECK_NE(missing->message.find("No such file or directory"), std::string::npos);
  CHECK_EQ(missing->request, "nft");
  for (const std::string nonsense : {R"({"nftables": 1})", R"({"nftables": [{"add": 1}]})", "{", "{}", "[]", ""}) {
    CAPTURE(nonsense);
    const Refused refusal = space->RunNft(nonsense, output);
    REQUIRE(refusal);
    CHECK_EQ(refusal->error, -EINVAL);
  }
  CHECK_EQ(space->RunNft("add table inet lab", output)->error, -EINVAL);
  CHECK_EQ(space.Look("nft list tables"), "");
}

TEST_CASE("has sysctls of its own") {
  Space space, other;
  std::optional<std::string> value;
  REQUIRE_FALSE(space->WriteSysctl("net/ipv6/conf/lo/mtu", "1400"));
  REQUIRE_FALSE(space->ReadSysctl("net/ipv6/conf/lo/mtu", value));
  CHECK_EQ(value, "1400");
  CHECK_EQ(space.Look("cat /proc/sys/net/ipv6/conf/lo/mtu"), "1400\n");
  CHECK_NE(other.Look("cat /proc/sys/net/ipv6/conf/lo/mtu"), "1400\n");
}

TEST_CASE("writes sysctls of links that came after the first") {
  Space space;
  const std::string path = "net/ipv6/conf/late/mtu";
  CHECK_EQ(space->WriteSysctl(path, "1400")->error, -ENOENT);
  space.Look("ip link add late type bridge");
  REQUIRE_FALSE(space->WriteSysctl(path, "1400"));
  REQUIRE_FALSE(space->WriteSysctl(path, "1401"));
  CHECK_EQ(space.Look("cat /proc/sys/" + path), "1401\n");
  space.Look("ip link del late");
  CHECK_EQ(space->WriteSysctl(path, "1402")->error, -ENOENT);
  REQUIRE_FALSE(space->WriteSysctl("net/ipv4/ip_default_ttl", "33"));
  REQUIRE_FALSE(space->WriteSysctl("net/ipv4/ip_default_ttl", "34"));
  CHECK_EQ(space.Look("cat /proc/sys/net/ipv4/ip_default_ttl"), "34\n");
}

TEST_CASE("says which sysctls there are not, and which values they do not take") {
  Space space;
  std::optional<std::string> value = "before";
  REQUIRE_FALSE(space->ReadSysctl("net/ipv4/no_such", value));
  CHECK_EQ(value, "before");
  CHECK_EQ(space->WriteSysctl("net/ipv4/no_such", "1")->error, -ENOENT);
  CHECK_EQ(space->WriteSysctl("net/ipv6/conf/lo/mtu", "many")->error, -EINVAL);
  CHECK_EQ(space->ReadSysctl("net", value)->error, -EISDIR);
}

TEST_SUITE_END();
