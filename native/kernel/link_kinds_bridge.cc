#include <linux/if_link.h>

#include "kernel/link_kinds.h"

namespace cnm {

namespace {

constexpr Option kBridgeOptions[] = {
    {"stp", kBoolean, CNM_NAMED(IFLA_BR_STP_STATE), Wire::kU32},
    {"forwardDelay", kNumber, CNM_NAMED(IFLA_BR_FORWARD_DELAY), Wire::kU32},
    {"helloTime", kNumber, CNM_NAMED(IFLA_BR_HELLO_TIME), Wire::kU32},
    {"maxAge", kNumber, CNM_NAMED(IFLA_BR_MAX_AGE), Wire::kU32},
    {"ageingTime", kNumber, CNM_NAMED(IFLA_BR_AGEING_TIME), Wire::kU32},
    {"priority", kNumber, CNM_NAMED(IFLA_BR_PRIORITY), Wire::kU16},
    {"groupFwdMask", kNumber, CNM_NAMED(IFLA_BR_GROUP_FWD_MASK), Wire::kU16},
    {"vlanFiltering", kBoolean, CNM_NAMED(IFLA_BR_VLAN_FILTERING), Wire::kU8},
    {"vlanProtocol", Takes::kWord, CNM_NAMED(IFLA_BR_VLAN_PROTOCOL), Wire::kBe16, {}, kVlanProtocols},
    {"vlanDefaultPvid", kNumber, CNM_NAMED(IFLA_BR_VLAN_DEFAULT_PVID), Wire::kU16},
    {"mcastSnooping", kBoolean, CNM_NAMED(IFLA_BR_MCAST_SNOOPING), Wire::kU8},
    {"mcastQuerier", kBoolean, CNM_NAMED(IFLA_BR_MCAST_QUERIER), Wire::kU8},
    {"mcastQueryUseIfaddr", kBoolean, CNM_NAMED(IFLA_BR_MCAST_QUERY_USE_IFADDR), Wire::kU8},
    {"mcastRouter", kNumber, CNM_NAMED(IFLA_BR_MCAST_ROUTER), Wire::kU8},
    {"mcastIgmpVersion", kNumber, CNM_NAMED(IFLA_BR_MCAST_IGMP_VERSION), Wire::kU8},
    {"mcastMldVersion", kNumber, CNM_NAMED(IFLA_BR_MCAST_MLD_VERSION), Wire::kU8},
    {"nfCallIptables", kBoolean, CNM_NAMED(IFLA_BR_NF_CALL_IPTABLES), Wire::kU8},
    {"nfCallIp6tables", kBoolean, CNM_NAMED(IFLA_BR_NF_CALL_IP6TABLES), Wire::kU8},
    {"nfCallArptables", kBoolean, CNM_NAMED(IFLA_BR_NF_CALL_ARPTABLES), Wire::kU8},
};

constexpr Option kPortOptions[] = {
    {"hairpin", kBoolean, CNM_NAMED(IFLA_BRPORT_MODE), Wire::kU8},
    {"isolated", kBoolean, CNM_NAMED(IFLA_BRPORT_ISOLATED), Wire::kU8},
    {"learning", kBoolean, CNM_NAMED(IFLA_BRPORT_LEARNING), Wire::kU8},
    {"flood", kBoolean, CNM_NAMED(IFLA_BRPORT_UNICAST_FLOOD), Wire::kU8},
    {"mcastFlood", kBoolean, CNM_NAMED(IFLA_BRPORT_MCAST_FLOOD), Wire::kU8},
    {"bcastFlood", kBoolean, CNM_NAMED(IFLA_BRPORT_BCAST_FLOOD), Wire::kU8},
    {"neighSuppress", kBoolean, CNM_NAMED(IFLA_BRPORT_NEIGH_SUPPRESS), Wire::kU8},
    {"guard", kBoolean, CNM_NAMED(IFLA_BRPORT_GUARD), Wire::kU8},
    {"rootBlock", kBoolean, CNM_NAMED(IFLA_BRPORT_PROTECT), Wire::kU8},
    {"fastLeave", kBoolean, CNM_NAMED(IFLA_BRPORT_FAST_LEAVE), Wire::kU8},
    {"mcastToUnicast", kBoolean, CNM_NAMED(IFLA_BRPORT_MCAST_TO_UCAST), Wire::kU8},
    {"vlanTunnel", kBoolean, CNM_NAMED(IFLA_BRPORT_VLAN_TUNNEL), Wire::kU8},
    {"locked", kBoolean, CNM_NAMED(IFLA_BRPORT_LOCKED), Wire::kU8},
    {"cost", kNumber, CNM_NAMED(IFLA_BRPORT_COST), Wire::kU32},
    {"priority", kNumber, CNM_NAMED(IFLA_BRPORT_PRIORITY), Wire::kU16},
};

}  // namespace

std::span<const Option> BridgeOptions() { return kBridgeOptions; }

std::span<const Option> PortOptions() { return kPortOptions; }

}  // namespace cnm
