#include "kernel/message.h"

#include <doctest/doctest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

using namespace cnm;

namespace {

uint32_t LengthOf(const Message& message) { return nlmsg_hdr(message.get())->nlmsg_len; }

}  // namespace

TEST_SUITE_BEGIN("message");

TEST_CASE("attributes are known by where they begin") {
  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
  const size_t first = LengthOf(message);
  message.PutName(CNM_NAMED(IFLA_IFNAME), "eth0");
  const size_t second = LengthOf(message);
  message.PutU32(CNM_NAMED(IFLA_MTU), 1500);
  CHECK_EQ(first, NLMSG_HDRLEN + sizeof(ifinfomsg));
  CHECK_EQ(message.AttributeAt(first), "IFLA_IFNAME");
  CHECK_EQ(message.AttributeAt(NLMSG_ALIGN(second)), "IFLA_MTU");
  CHECK_EQ(message.AttributeAt(0), "");
  CHECK_EQ(message.AttributeAt(first + 1), "");
  CHECK_EQ(message.AttributeAt(LengthOf(message)), "");
  CHECK_EQ(message.request(), "RTM_NEWLINK");
}

TEST_CASE("those in a nest by the path to them") {
  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
  const size_t info_at = LengthOf(message);
  size_t kind_at, peer_at, mtu_at;
  {
    const Message::Nest info(message, CNM_NAMED(IFLA_LINKINFO));
    kind_at = LengthOf(message);
    message.PutName(CNM_NAMED(IFLA_INFO_KIND), "veth");
    const Message::Nest data(message, CNM_NAMED(IFLA_INFO_DATA));
    peer_at = LengthOf(message);
    const Message::Nest peer(message, CNM_NAMED(VETH_INFO_PEER));
    const ifinfomsg header{};
    message.PutHeader(&header, sizeof header);
    mtu_at = LengthOf(message);
    message.PutU32(CNM_NAMED(IFLA_MTU), 1500);
  }
  const size_t group_at = LengthOf(message);
  message.PutU32(CNM_NAMED(IFLA_GROUP), 7);
  CHECK_EQ(message.AttributeAt(info_at), "IFLA_LINKINFO");
  CHECK_EQ(message.AttributeAt(kind_at), "IFLA_LINKINFO.IFLA_INFO_KIND");
  CHECK_EQ(message.AttributeAt(peer_at), "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER");
  CHECK_EQ(message.AttributeAt(mtu_at), "IFLA_LINKINFO.IFLA_INFO_DATA.VETH_INFO_PEER.IFLA_MTU");
  CHECK_EQ(message.AttributeAt(group_at), "IFLA_GROUP");
}

TEST_CASE("a nest is as long as what is in it") {
  Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
  const size_t at = LengthOf(message);
  {
    const Message::Nest info(message, CNM_NAMED(IFLA_LINKINFO));
    message.PutName(CNM_NAMED(IFLA_INFO_KIND), "bridge");
    message.PutU8(CNM_NAMED(IFLA_INFO_DATA), 1);
  }
  const auto* nest = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(nlmsg_hdr(message.get())) + at);
  CHECK_EQ(nest->nla_len, LengthOf(message) - at);
  CHECK_EQ(nla_find(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), IFLA_INFO_DATA)->nla_len,
           NLA_HDRLEN + 1);
}

TEST_CASE("Put answers where the data is") {
  Message message(CNM_NAMED(RTM_NEWNEIGH), 0, ndmsg{});
  message.PutU8(CNM_NAMED(NDA_PROBES), 1);
  const uint32_t value = 0x01020304;
  const size_t at = message.Put(CNM_NAMED(NDA_VNI), &value, sizeof value);
  CHECK_EQ(memcmp(reinterpret_cast<const char*>(nlmsg_hdr(message.get())) + at, &value, sizeof value), 0);
}

TEST_CASE("what does not fit is left out, and known") {
  const std::string page(5000, 'x');
  SUBCASE("as an attribute") {
    Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
    const uint32_t before = LengthOf(message);
    message.PutName(CNM_NAMED(IFLA_IFALIAS), page);
    CHECK(message.overflowed());
    CHECK_EQ(LengthOf(message), before);
  }
  SUBCASE("as a header") {
    Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
    message.PutHeader(page.data(), page.size());
    CHECK(message.overflowed());
  }
  SUBCASE("as the beginning of a nest") {
    Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
    while (!message.overflowed()) message.PutU32(CNM_NAMED(IFLA_MTU), 0);
    const Message::Nest nest(message, CNM_NAMED(IFLA_LINKINFO));
    const Message::Nest inner(message, CNM_NAMED(IFLA_INFO_DATA));
    message.PutU32(CNM_NAMED(IFLA_MTU), 0);
  }
  SUBCASE("not when all of it fits") {
    Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
    message.PutName(CNM_NAMED(IFLA_IFALIAS), std::string(3000, 'x'));
    CHECK_FALSE(message.overflowed());
  }
}

TEST_SUITE_END();
