#include <linux/if_link.h>

#include "kernel/link_kinds.h"

namespace cnm {

namespace {

constexpr Word kDf[] = {{"unset", VXLAN_DF_UNSET}, {"set", VXLAN_DF_SET}, {"inherit", VXLAN_DF_INHERIT}};

constexpr Option kVxlanOptions[] = {
    {"id", kNumber, CNM_NAMED(IFLA_VXLAN_ID), Wire::kU32},
    {"local", Takes::kAddress, CNM_NAMED(IFLA_VXLAN_LOCAL), {}, CNM_NAMED(IFLA_VXLAN_LOCAL6)},
    {"group", Takes::kAddress, CNM_NAMED(IFLA_VXLAN_GROUP), {}, CNM_NAMED(IFLA_VXLAN_GROUP6)},
    {"remote", Takes::kAddress, CNM_NAMED(IFLA_VXLAN_GROUP), {}, CNM_NAMED(IFLA_VXLAN_GROUP6)},
    {"dev", Takes::kLink, CNM_NAMED(IFLA_VXLAN_LINK)},
    {"dstPort", kNumber, CNM_NAMED(IFLA_VXLAN_PORT), Wire::kBe16},
    {"srcPort", Takes::kPortRange, CNM_NAMED(IFLA_VXLAN_PORT_RANGE)},
    {"learning", kBoolean, CNM_NAMED(IFLA_VXLAN_LEARNING), Wire::kU8},
    {"proxy", kBoolean, CNM_NAMED(IFLA_VXLAN_PROXY), Wire::kU8},
    {"rsc", kBoolean, CNM_NAMED(IFLA_VXLAN_RSC), Wire::kU8},
    {"l2miss", kBoolean, CNM_NAMED(IFLA_VXLAN_L2MISS), Wire::kU8},
    {"l3miss", kBoolean, CNM_NAMED(IFLA_VXLAN_L3MISS), Wire::kU8},
    {"ttl", Takes::kNumberOrInherit, CNM_NAMED(IFLA_VXLAN_TTL), Wire::kU8, CNM_NAMED(IFLA_VXLAN_TTL_INHERIT)},
    {"tos", kNumber, CNM_NAMED(IFLA_VXLAN_TOS), Wire::kU8},
    {"df", Takes::kWord, CNM_NAMED(IFLA_VXLAN_DF), Wire::kU8, {}, kDf},
    {"label", kNumber, CNM_NAMED(IFLA_VXLAN_LABEL), Wire::kBe32},
    {"udpCsum", kBoolean, CNM_NAMED(IFLA_VXLAN_UDP_CSUM), Wire::kU8},
    {"udp6ZeroCsumTx", kBoolean, CNM_NAMED(IFLA_VXLAN_UDP_ZERO_CSUM6_TX), Wire::kU8},
    {"udp6ZeroCsumRx", kBoolean, CNM_NAMED(IFLA_VXLAN_UDP_ZERO_CSUM6_RX), Wire::kU8},
    {"ageing", kNumber, CNM_NAMED(IFLA_VXLAN_AGEING), Wire::kU32},
    {"maxAddress", kNumber, CNM_NAMED(IFLA_VXLAN_LIMIT), Wire::kU32},
    {"external", kBoolean, CNM_NAMED(IFLA_VXLAN_COLLECT_METADATA), Wire::kU8},
    {"vniFilter", kBoolean, CNM_NAMED(IFLA_VXLAN_VNIFILTER), Wire::kU8},
    {"gbp", kBoolean, CNM_NAMED(IFLA_VXLAN_GBP), Wire::kFlag},
    {"gpe", kBoolean, CNM_NAMED(IFLA_VXLAN_GPE), Wire::kFlag},
    {"remCsumTx", kBoolean, CNM_NAMED(IFLA_VXLAN_REMCSUM_TX), Wire::kU8},
    {"remCsumRx", kBoolean, CNM_NAMED(IFLA_VXLAN_REMCSUM_RX), Wire::kU8},
};

}  // namespace

std::span<const Option> VxlanOptions() { return kVxlanOptions; }

}  // namespace cnm
