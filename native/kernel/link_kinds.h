#pragma once

#include <linux/if_ether.h>

#include <span>
#include <string_view>

#include "kernel/options.h"

namespace cnm {

/** A kind of links, as IFLA_INFO_KIND names it; its options are in the field of that name. */
struct LinkKind {
  const char* name;
  std::span<const Option> options{};
  /** It stands on another link. */
  bool has_parent = false;
  /** A link that is there takes options too. */
  bool can_change = false;
};

// What most options take.
inline constexpr Takes kBoolean = Takes::kBoolean;
inline constexpr Takes kNumber = Takes::kNumber;

inline constexpr Word kVlanProtocols[] = {{"802.1Q", ETH_P_8021Q}, {"802.1ad", ETH_P_8021AD}};

std::span<const LinkKind> LinkKinds();

/** Null when we have no such kind. */
const LinkKind* FindLinkKind(std::string_view name);

std::span<const Option> BridgeOptions();
/** Of a bridge's port: they are set on what a link is to its master. */
std::span<const Option> PortOptions();
std::span<const Option> VxlanOptions();

}  // namespace cnm
