#include "kernel/vlan.h"

#include <doctest/doctest.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <tuple>

#include "columns.h"
#include "kernel/vni.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

/** What a kernel that tells this is found to have. */
template <typename Row>
std::vector<Row> Read(Reply reply, Table<Row> (*dump)(Place&, const Filter&)) {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  const Script script({{Datagram({std::move(reply), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)})}});
  Table<Row> table = dump(*space, Filter());
  REQUIRE_FALSE(table.refusal);
  return RowsOf(table.columns);
}

Reply Port() { return Reply(RTM_NEWLINK, NLM_F_MULTI).Put(ifinfomsg{.ifi_family = AF_BRIDGE, .ifi_index = 3}); }

bridge_vlan_info Vlan(int flags, uint16_t vid) { return {.flags = static_cast<uint16_t>(flags), .vid = vid}; }

}  // namespace

TEST_SUITE_BEGIN("vlan");

TEST_CASE("a range of VLANs is one row, beside those that are alone") {
  Reply reply = Port();
  reply.Open(IFLA_AF_SPEC);
  reply.Attribute(IFLA_BRIDGE_VLAN_INFO, Vlan(BRIDGE_VLAN_INFO_PVID, 1));
  reply.Attribute(IFLA_BRIDGE_VLAN_INFO, Vlan(BRIDGE_VLAN_INFO_RANGE_BEGIN | BRIDGE_VLAN_INFO_UNTAGGED, 20));
  reply.Attribute(IFLA_BRIDGE_VLAN_INFO, Vlan(BRIDGE_VLAN_INFO_RANGE_END | BRIDGE_VLAN_INFO_UNTAGGED, 29));
  reply.Attribute(IFLA_BRIDGE_VLAN_INFO, uint16_t{7}).Close();
  std::vector<std::tuple<int, int, int, bool, bool>> rows;
  for (const VlanRow& row : Read(reply, DumpVlans)) {
    rows.emplace_back(row.link, row.vid, row.end, row.pvid, row.untagged);
  }
  const std::vector<std::tuple<int, int, int, bool, bool>> expected = {{3, 1, 1, true, false},
                                                                       {3, 20, 29, false, true}};
  CHECK(rows == expected);
}

TEST_CASE("a link without VLANs is no row, nor is a reply that is too short") {
  CHECK(Read(Port(), DumpVlans).empty());
  CHECK(Read(Port().Cut(NLMSG_HDRLEN + sizeof(ifinfomsg) - 1), DumpVlans).empty());
  CHECK(Read(Reply(RTM_NEWTUNNEL, NLM_F_MULTI), DumpVnis).empty());
}

TEST_CASE("of VNIs a reply has many; one without an end is alone") {
  Reply reply = Reply(RTM_NEWTUNNEL, NLM_F_MULTI).Put(tunnel_msg{.ifindex = 3});
  reply.Open(VXLAN_VNIFILTER_ENTRY).Attribute(VXLAN_VNIFILTER_ENTRY_START, uint32_t{7}).Close();
  reply.Open(VXLAN_VNIFILTER_ENTRY).Attribute(VXLAN_VNIFILTER_ENTRY_START, uint32_t{20});
  reply.Attribute(VXLAN_VNIFILTER_ENTRY_END, uint32_t{29});
  reply.Attribute(VXLAN_VNIFILTER_ENTRY_GROUP6, std::array<uint8_t, 16>{0xfd}).Close();
  const auto rows = Read(reply, DumpVnis);
  REQUIRE_EQ(rows.size(), 2);
  CHECK_EQ(rows[0].vni, 7);
  CHECK_EQ(rows[0].end, 7);
  CHECK_EQ(rows[0].family, 0);
  CHECK_EQ(rows[1].vni, 20);
  CHECK_EQ(rows[1].end, 29);
  CHECK_EQ(rows[1].family, 6);
}

TEST_SUITE_END();
