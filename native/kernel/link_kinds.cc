#include "kernel/link_kinds.h"

#include <linux/if_link.h>
#include <linux/if_vlan.h>

#include <algorithm>

namespace cnm {

namespace {

constexpr Word kMacvlanModes[] = {{"private", MACVLAN_MODE_PRIVATE},
                                  {"vepa", MACVLAN_MODE_VEPA},
                                  {"bridge", MACVLAN_MODE_BRIDGE},
                                  {"passthru", MACVLAN_MODE_PASSTHRU},
                                  {"source", MACVLAN_MODE_SOURCE}};

constexpr Option kMacvlanOptions[] = {
    {"mode", Takes::kWord, CNM_NAMED(IFLA_MACVLAN_MODE), Wire::kU32, {}, kMacvlanModes},
    // The only flag that there is, MACVLAN_FLAG_NOPROMISC, is 1.
    {"noPromisc", Takes::kBoolean, CNM_NAMED(IFLA_MACVLAN_FLAGS), Wire::kU16},
    {"bcQueueLen", Takes::kNumber, CNM_NAMED(IFLA_MACVLAN_BC_QUEUE_LEN), Wire::kU32},
    {"macAddr", Takes::kMacs, CNM_NAMED(IFLA_MACVLAN_MACADDR_DATA)},
};

constexpr Word kIpvlanModes[] = {{"l2", IPVLAN_MODE_L2}, {"l3", IPVLAN_MODE_L3}, {"l3s", IPVLAN_MODE_L3S}};
constexpr Word kIpvlanFlags[] = {{"bridge", 0}, {"private", IPVLAN_F_PRIVATE}, {"vepa", IPVLAN_F_VEPA}};

constexpr Option kIpvlanOptions[] = {
    {"mode", Takes::kWord, CNM_NAMED(IFLA_IPVLAN_MODE), Wire::kU16, {}, kIpvlanModes},
    {"flag", Takes::kWord, CNM_NAMED(IFLA_IPVLAN_FLAGS), Wire::kU16, {}, kIpvlanFlags},
};

constexpr Word kVlanFlags[] = {{"reorderHdr", VLAN_FLAG_REORDER_HDR},
                               {"gvrp", VLAN_FLAG_GVRP},
                               {"mvrp", VLAN_FLAG_MVRP},
                               {"looseBinding", VLAN_FLAG_LOOSE_BINDING},
                               {"bridgeBinding", VLAN_FLAG_BRIDGE_BINDING}};

constexpr Option kVlanOptions[] = {
    {"id", Takes::kNumber, CNM_NAMED(IFLA_VLAN_ID), Wire::kU16},
    {"protocol", Takes::kWord, CNM_NAMED(IFLA_VLAN_PROTOCOL), Wire::kBe16, {}, kVlanProtocols},
    {"flags", Takes::kFlags, CNM_NAMED(IFLA_VLAN_FLAGS), {}, {}, kVlanFlags},
    {"ingressQosMap", Takes::kMappings, CNM_NAMED(IFLA_VLAN_INGRESS_QOS)},
    {"egressQosMap", Takes::kMappings, CNM_NAMED(IFLA_VLAN_EGRESS_QOS)},
};

}  // namespace

std::span<const LinkKind> LinkKinds() {
  static const LinkKind kinds[] = {
      {"bridge", BridgeOptions(), false, true},
      {"veth"},
      {"vxlan", VxlanOptions(), false, true},
      {"macvlan", kMacvlanOptions, true, true},
      {"macvtap", kMacvlanOptions, true, true},
      {"ipvlan", kIpvlanOptions, true, true},
      {"vlan", kVlanOptions, true},
      {"tun"},
      {"dummy"},
      {"ifb"},
      {"wireguard"},
  };
  return kinds;
}

const LinkKind* FindLinkKind(std::string_view name) {
  const auto kinds = LinkKinds();
  const auto found = std::ranges::find(kinds, name, &LinkKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace cnm
