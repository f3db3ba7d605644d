#include "kernel/tables.h"

#include <doctest/doctest.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "columns.h"
#include "kernel/vlan.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

/** What is made of these replies, each in memory that ends where it does. */
template <typename Row>
std::vector<Row> Read(std::vector<Reply> replies) {
  Columns<Row> columns;
  for (Reply& reply : replies) Decode(reply.Exact().get(), columns);
  return RowsOf(columns);
}

Reply Link() { return Reply(RTM_NEWLINK, NLM_F_MULTI).Put(ifinfomsg{.ifi_index = 7}); }
Reply Route() { return Reply(RTM_NEWROUTE, NLM_F_MULTI).Put(rtmsg{.rtm_family = AF_INET, .rtm_dst_len = 24}); }
Reply Entry() { return Reply(RTM_NEWNEIGH, NLM_F_MULTI).Put(ndmsg{.ndm_family = AF_BRIDGE, .ndm_ifindex = 7}); }

constexpr Mac kSample = {2, 0, 0, 0, 0, 1};
constexpr std::array<uint8_t, 4> kIpv4 = {192, 0, 2, 1};

std::array<uint8_t, 16> Padded(std::array<uint8_t, 4> address) {
  return {address[0], address[1], address[2], address[3]};
}

}  // namespace

TEST_SUITE_BEGIN("tables");

TEST_CASE("a link has what its attributes say") {
  Reply reply = Link();
  reply.Attribute(IFLA_MTU, uint32_t{1500}).Attribute(IFLA_ADDRESS, kSample).Attribute(IFLA_IFNAME, "eth0");
  reply.Open(IFLA_LINKINFO).Attribute(IFLA_INFO_KIND, "veth").Close();
  const auto rows = Read<LinkRow>({reply});
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].index, 7);
  CHECK_EQ(rows[0].mtu, 1500);
  CHECK_EQ(rows[0].mac, kSample);
  CHECK_EQ(rows[0].name, "eth0");
  CHECK_EQ(rows[0].kind, "veth");
}

TEST_CASE("a link on another has its tag, and says where that one is; a bridge says whether it filters") {
  Reply vlan = Link(), bridge = Link();
  vlan.Attribute(IFLA_LINK, uint32_t{3}).Attribute(IFLA_LINK_NETNSID, uint32_t{0});
  vlan.Open(IFLA_LINKINFO).Attribute(IFLA_INFO_KIND, "vlan").Open(IFLA_INFO_DATA);
  vlan.Attribute(IFLA_VLAN_ID, uint16_t{100}).Close().Close();
  bridge.Open(IFLA_LINKINFO).Attribute(IFLA_INFO_KIND, "bridge").Open(IFLA_INFO_DATA);
  bridge.Attribute(IFLA_BR_VLAN_FILTERING, uint8_t{1}).Close().Close();
  const auto rows = Read<LinkRow>({vlan, bridge});
  CHECK_EQ(rows[0].parent, 3);
  CHECK_EQ(rows[0].parent_netns, 0);
  CHECK_EQ(rows[0].vlan, 100);
  CHECK_EQ(rows[1].parent_netns, -1);
  CHECK_EQ(rows[1].vlan, 0);
  CHECK_EQ(rows[1].vlan_filtering, 1);
}

TEST_CASE("VLANs of a port are one row each, or one for several; what is cut off is none") {
  Reply port = Reply(RTM_NEWLINK, NLM_F_MULTI).Put(ifinfomsg{.ifi_family = AF_BRIDGE, .ifi_index = 7});
  const auto said = [&port](int flags, uint16_t vid) {
    port.Attribute(IFLA_BRIDGE_VLAN_INFO, bridge_vlan_info{.flags = static_cast<uint16_t>(flags), .vid = vid});
  };
  port.Open(IFLA_AF_SPEC);
  said(BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, 1);
  said(BRIDGE_VLAN_INFO_RANGE_BEGIN, 10);
  said(BRIDGE_VLAN_INFO_RANGE_END, 12);
  port.Attribute(IFLA_BRIDGE_FLAGS, uint16_t{1}).Attribute(IFLA_BRIDGE_VLAN_INFO, uint16_t{0}).Close();
  const auto rows = Read<VlanRow>({port, Link()});
  REQUIRE_EQ(rows.size(), 2);
  CHECK_EQ(std::tuple(rows[0].link, rows[0].vid, rows[0].end, rows[0].pvid, rows[0].untagged),
           std::tuple(7, 1, 1, 1, 1));
  CHECK_EQ(std::tuple(rows[1].link, rows[1].vid, rows[1].end, rows[1].pvid, rows[1].untagged),
           std::tuple(7, 10, 12, 0, 0));
}

TEST_CASE("without attributes all of it is empty") {
  const auto rows = Read<LinkRow>({Link()});
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].mtu, 0);
  CHECK_EQ(rows[0].name, "");
  CHECK_EQ(rows[0].kind, "");
}

TEST_CASE("an attribute that is too short for what it is to hold counts as none") {
  Reply reply = Link();
  reply.Attribute(IFLA_MTU, uint16_t{1500}).Attribute(IFLA_GROUP, "").Attribute(IFLA_OPERSTATE, "");
  reply.Attribute(IFLA_LINKINFO, uint8_t{1});
  const auto rows = Read<LinkRow>({reply});
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].mtu, 0);
  CHECK_EQ(rows[0].oper_state, 0);
  CHECK_EQ(rows[0].kind, "");
}

TEST_CASE("a link address of another length is cut, or padded") {
  Reply longer = Link(), shorter = Link();
  longer.Attribute(IFLA_ADDRESS, std::array<uint8_t, 16>{2, 0, 0, 0, 0, 1, 9, 9});
  shorter.Attribute(IFLA_ADDRESS, kIpv4);
  const auto rows = Read<LinkRow>({longer, shorter});
  CHECK_EQ(rows[0].mac, kSample);
  CHECK_EQ(rows[1].mac, Mac{192, 0, 2, 1, 0, 0});
}

TEST_CASE("attributes that claim to be longer than the message end the row, not the process") {
  for (const uint16_t claimed : {0, 3, 5, 0x7fff, 0xffff}) {
    Reply reply = Link();
    reply.Attribute(IFLA_MTU, uint32_t{1500}).Claim(IFLA_IFNAME, claimed);
    const auto rows = Read<LinkRow>({reply});
    REQUIRE_EQ(rows.size(), 1);
    CHECK_EQ(rows[0].mtu, 1500);
    CHECK_EQ(rows[0].name, "");
  }
}

TEST_CASE("a reply that is shorter than its header is no row") {
  for (const size_t size : {NLMSG_HDRLEN + 0ul, NLMSG_HDRLEN + 1ul, NLMSG_HDRLEN + sizeof(ifinfomsg) - 1}) {
    CHECK(Read<LinkRow>({Link().Cut(size)}).empty());
    CHECK(Read<AddressRow>({Link().Cut(std::min(size, NLMSG_HDRLEN + sizeof(ifaddrmsg) - 1))}).empty());
    CHECK(Read<RouteRow>({Route().Cut(std::min(size, NLMSG_HDRLEN + sizeof(rtmsg) - 1))}).empty());
    CHECK(Read<NeighRow>({Entry().Cut(std::min(size, NLMSG_HDRLEN + sizeof(ndmsg) - 1))}).empty());
    CHECK(Read<FdbRow>({Entry().Cut(std::min(size, NLMSG_HDRLEN + sizeof(ndmsg) - 1))}).empty());
  }
}

TEST_CASE("families that we have no use for are left out") {
  Reply address = Reply(RTM_NEWADDR, NLM_F_MULTI).Put(ifaddrmsg{.ifa_family = AF_PACKET});
  CHECK(Read<AddressRow>({address}).empty());
  CHECK(Read<RouteRow>({Reply(RTM_NEWROUTE, NLM_F_MULTI).Put(rtmsg{.rtm_family = AF_MPLS})}).empty());
  CHECK(Read<NeighRow>({Entry()}).empty());
}

TEST_CASE("an address is the local end, where there are two") {
  Reply reply = Reply(RTM_NEWADDR, NLM_F_MULTI).Put(ifaddrmsg{.ifa_family = AF_INET, .ifa_prefixlen = 32});
  reply.Attribute(IFA_ADDRESS, std::array<uint8_t, 4>{10, 0, 0, 2}).Attribute(IFA_LOCAL, kIpv4);
  const auto rows = Read<AddressRow>({reply});
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].address, Padded(kIpv4));
}

TEST_CASE("of several next hops a route has the first") {
  Reply reply = Route();
  reply.Open(RTA_MULTIPATH);
  reply.Put(rtnexthop{.rtnh_len = sizeof(rtnexthop) + 8, .rtnh_ifindex = 3}).Attribute(RTA_GATEWAY, kIpv4);
  reply.Put(rtnexthop{.rtnh_len = sizeof(rtnexthop), .rtnh_ifindex = 4}).Close();
  const auto rows = Read<RouteRow>({reply});
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].link, 3);
  CHECK_EQ(rows[0].via, Padded(kIpv4));
}

TEST_CASE("a next hop of the other family says which, or is none") {
  const std::array<uint8_t, 16> to{0xfd, 1};
  struct {
    __kernel_sa_family_t family = AF_INET6;
    std::array<uint8_t, 16> address;
  } __attribute__((packed)) const via{.address = to};
  Reply whole = Route(), empty = Route(), own = Route();
  whole.Attribute(RTA_VIA, via);
  empty.Attribute(RTA_VIA, via.family);
  own.Attribute(RTA_GATEWAY, kIpv4);
  const auto rows = Read<RouteRow>({whole, empty, own, Route()});
  REQUIRE_EQ(rows.size(), 4);
  CHECK_EQ(rows[0].via_family, 6);
  CHECK_EQ(rows[0].via, to);
  CHECK_EQ(rows[1].via_family, 0);
  CHECK_EQ(rows[2].via_family, 4);
  CHECK_EQ(rows[2].via, Padded(kIpv4));
  CHECK_EQ(rows[3].via_family, 0);
}

TEST_CASE("a next hop that claims more than there is, or less than it is, is none") {
  for (const uint16_t claimed : {0, 7, 9, 0xffff}) {
    Reply reply = Route();
    reply.Open(RTA_MULTIPATH).Put(rtnexthop{.rtnh_len = claimed, .rtnh_ifindex = 3}).Close();
    const auto rows = Read<RouteRow>({reply});
    REQUIRE_EQ(rows.size(), 1);
    CHECK_EQ(rows[0].link, 0);
  }
  Reply empty = Route();
  empty.Open(RTA_MULTIPATH).Close();
  CHECK_EQ(Read<RouteRow>({empty})[0].link, 0);
}

TEST_CASE("a forwarding entry has a destination of either family, or none") {
  Reply v4 = Entry(), v6 = Entry(), none = Entry(), odd = Entry();
  v4.Attribute(NDA_DST, kIpv4).Attribute(NDA_LLADDR, kSample).Attribute(NDA_PORT, uint16_t{0x1234});
  v6.Attribute(NDA_DST, std::array<uint8_t, 16>{0xfd});
  odd.Attribute(NDA_DST, kSample);
  const auto rows = Read<FdbRow>({v4, v6, none, odd});
  REQUIRE_EQ(rows.size(), 4);
  CHECK_EQ(rows[0].family, 4);
  CHECK_EQ(rows[0].dst, Padded(kIpv4));
  CHECK_EQ(rows[0].mac, kSample);
  CHECK_EQ(rows[0].port, 0x3412);
  CHECK_EQ(rows[1].family, 6);
  CHECK_EQ(rows[2].family, 0);
  CHECK_EQ(rows[3].family, 0);
}

TEST_CASE("a refused dump has no rows") {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  Reply refused = Reply(NLMSG_DONE, NLM_F_MULTI).Put(-EPERM);
  const Script script({{Datagram({Link(), refused})}});
  auto table = DumpLinks(*space, {});
  REQUIRE(table.refusal);
  CHECK_EQ(table.refusal->error, -EPERM);
  CHECK_EQ(table.columns.length(), 0);
  CHECK(RowsOf(table.columns).empty());
}

TEST_CASE("a place that is not there has no tables") {
  Place place("/nowhere");
  CHECK_EQ(DumpLinks(place, {}).refusal->error, -ENOENT);
}

TEST_SUITE_END();
