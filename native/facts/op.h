#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "facts/announce.h"
#include "facts/conntrack.h"
#include "facts/links.h"
#include "facts/nexthop.h"
#include "facts/qdiscs.h"
#include "facts/rows.h"
#include "facts/vlan.h"
#include "facts/vni.h"
#include "facts/wireguard.h"
#include "facts/xfrm_policy.h"
#include "facts/xfrm_state.h"

namespace cnm {

struct SysctlOp {
  std::string path;
  std::string value;
};

struct NftOp {
  /** libnftables' JSON. */
  std::string commands;
};

/** Whether a set of link names in a table of the family inet has this one. */
struct NftGetOp {
  std::string table;
  std::string set;
  std::string ifname;
};

struct NetnsOp {
  Verb verb = Verb::kAdd;
};

struct Op {
  size_t at = 0;
  std::variant<LinkAdd, LinkSet, GroupSet, LinkDel, GroupDel, AddrOp, AddressesOp, RouteOp, RoutesOp, NeighOp, FdbOp,
               NexthopOp, VniOp, VlanOp, RuleOp, QdiscOp, TcClassOp, TcFilterOp, AnnounceOp, ConntrackDel,
               ConntrackDelMany, XfrmPolicyOp, XfrmPolicyFlush, XfrmStateOp, XfrmStateFlush, WireguardSync, SysctlOp,
               NftOp, NftGetOp, NetnsOp>
      step;
};

}  // namespace cnm
