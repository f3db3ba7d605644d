#include "kernel/socket.h"

#include <doctest/doctest.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "kernel/netns.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

/** A socket inside a space, not yet a Socket's. */
Fd Opened(Space& space) {
  int netns = -1;
  REQUIRE_FALSE(space->Descriptor(netns));
  Fd fd;
  REQUIRE_EQ(RunInNetns(netns, [&] { fd = OpenNetlink(NETLINK_ROUTE); }), 0);
  REQUIRE(fd);
  return fd;
}

Socket& RouteOf(Place& place) {
  Socket* socket = nullptr;
  REQUIRE_FALSE(place.Route(socket));
  return *socket;
}

struct DumpRequest : Message {
  DumpRequest() : Message(CNM_NAMED(RTM_GETLINK), NLM_F_DUMP, ifinfomsg{}) {}
};

Bytes LinkBytes(int32_t index, uint16_t flags = NLM_F_MULTI) {
  return Reply(RTM_NEWLINK, flags).Put(ifinfomsg{.ifi_index = index}).bytes();
}

Bytes Done() { return Reply(NLMSG_DONE, NLM_F_MULTI).Put(0).bytes(); }

Bytes From(uint32_t requests_ago, Bytes bytes) {
  reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_seq = requests_ago;
  return bytes;
}

}  // namespace

TEST_SUITE_BEGIN("socket");

TEST_CASE("asks the kernel, and the kernel answers in its words") {
  Space space;
  Message message(CNM_NAMED(RTM_NEWLINK), NLM_F_CREATE, ifinfomsg{});
  message.PutName(CNM_NAMED(IFLA_IFNAME), "br0");
  message.PutU32(CNM_NAMED(IFLA_MTU), UINT32_MAX);
  const size_t info = nlmsg_hdr(message.get())->nlmsg_len;
  {
    const Message::Nest nest(message, CNM_NAMED(IFLA_LINKINFO));
    message.PutName(CNM_NAMED(IFLA_INFO_KIND), "no-such-kind");
  }
  CHECK_EQ(message.AttributeAt(info), "IFLA_LINKINFO");
  const Refused refusal = RouteOf(*space).Ask(message);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EOPNOTSUPP);
  CHECK_EQ(refusal->message, "Unknown device type");
  CHECK_EQ(refusal->request, "RTM_NEWLINK");
}

TEST_CASE("a message that is too long is not sent") {
  Space space;
  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
  message.PutName(CNM_NAMED(IFLA_IFALIAS), std::string(5000, 'x'));
  Socket& socket = RouteOf(*space);
  const Script script({});
  CHECK_EQ(socket.Ask(message)->error, -EMSGSIZE);
  CHECK(script.requests().empty());
}

TEST_CASE("silence is an error, and so is what cannot be read") {
  Space space;
  Socket& socket = RouteOf(*space);
  for (const Bytes& answer : {Bytes(), Bytes(3), Bytes(NLMSG_HDRLEN, 0), LinkBytes(1)}) {
    DumpRequest message;
    const Script script({{answer}});
    CHECK_EQ(socket.Ask(message)->error, -EAGAIN);
  }
  DumpRequest message;
  const Script script({{ErrorReply(0).Cut(NLMSG_HDRLEN + 2).bytes()}});
  CHECK_EQ(socket.Ask(message)->error, -EBADMSG);
}

TEST_CASE("what is left of an earlier answer is skipped") {
  Space space;
  Socket& socket = RouteOf(*space);
  DumpRequest message;
  const Script script(
      {{From(1, LinkBytes(1)), From(1, Done()), From(7, ErrorReply(-EPERM).bytes()), LinkBytes(2), Done()}});
  std::vector<int32_t> seen;
  CHECK_FALSE(socket.Ask(message, [&](const nlmsghdr* reply) {
    seen.push_back(static_cast<const ifinfomsg*>(nlmsg_data(reply))->ifi_index);
  }));
  CHECK_EQ(seen, std::vector<int32_t>{2});
}

TEST_CASE("what came before the request is no answer to it") {
  Space space;
  Socket& socket = RouteOf(*space);
  DumpRequest message;
  Script script({{Done()}});
  script.Tell(ENOBUFS);
  script.Tell(LinkBytes(1));
  CHECK_FALSE(socket.Ask(message, [](const nlmsghdr*) { FAIL("nobody asked for it"); }));
}

TEST_CASE("a dump that was interrupted, or lost a part, says so") {
  Space space;
  Socket& socket = RouteOf(*space);
  DumpRequest message;
  {
    const Script script({{LinkBytes(1, NLM_F_MULTI | NLM_F_DUMP_INTR), Done()}});
    CHECK_EQ(socket.Ask(message)->error, -EINTR);
  }
  const Script script({{LinkBytes(1), ENOBUFS, Done()}});
  CHECK_EQ(socket.Ask(message)->error, -ENOBUFS);
}

TEST_CASE("what was dropped is not the answer to a request that is no dump") {
  Space space;
  Socket& socket = RouteOf(*space);
  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
  const Script script({{ENOBUFS, ErrorReply(0).bytes()}});
  CHECK_FALSE(socket.Ask(message));
}

TEST_CASE("a datagram that is longer than the buffer is an error, not the beginning of one") {
  Space space;
  Socket& socket = RouteOf(*space);
  DumpRequest message;
  const Script script({{Bytes(70000)}});
  CHECK_EQ(socket.Ask(message)->error, -EMSGSIZE);
}

TEST_CASE("a refused dump is no empty one") {
  Space space;
  DumpRequest message;
  Socket& socket = RouteOf(*space);
  const Script script({{Reply(NLMSG_DONE, NLM_F_MULTI).Put(-EOPNOTSUPP).bytes()}});
  CHECK_EQ(socket.Ask(message)->error, -EOPNOTSUPP);
}

TEST_CASE("numbers that are taken are nobody else's") {
  Space space;
  Socket& socket = RouteOf(*space);
  const uint32_t first = socket.TakeSequences(64);
  CHECK_EQ(socket.TakeSequences(1), first + 64);
}

/** Whoever may configure a namespace, a container with CAP_NET_ADMIN say, can send to every socket in it. */
TEST_CASE("nobody but the kernel can answer") {
  Space space;
  Fd fd = Opened(space);
  const Fd stranger = Opened(space);
  sockaddr_nl own{};
  socklen_t length = sizeof own;
  REQUIRE_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length), 0);
  Socket socket(std::move(fd));
  const uint32_t next = socket.TakeSequences(1) + 1;

  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{.ifi_flags = IFF_UP, .ifi_change = IFF_UP});
  message.PutName(CNM_NAMED(IFLA_IFNAME), "lo");
  nlmsghdr* request = nlmsg_hdr(message.get());
  request->nlmsg_seq = next;
  request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  Bytes forged = ErrorReply(-EPERM).bytes();
  REQUIRE_EQ(sendto(stranger.get(), forged.data(), forged.size(), 0, reinterpret_cast<const sockaddr*>(&own), length),
             static_cast<ssize_t>(forged.size()));
  REQUIRE_EQ(socket.Send(request, request->nlmsg_len), 0);
  nlmsghdr* answer = nullptr;
  REQUIRE_GT(socket.Receive(answer), 0);
  CHECK_EQ(answer->nlmsg_seq, next);
  CHECK_EQ(static_cast<const nlmsgerr*>(nlmsg_data(answer))->error, 0);
  CHECK_NE(space.Look("ip link show dev lo").find("UP"), std::string::npos);
}

TEST_SUITE_END();
