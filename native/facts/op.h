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
#include "facts/xfrm.h"

namespace cnm {

struct SysctlOp {
  std::string path;
  std::string value;
};

struct NftOp {
  /** libnftables' JSON. */
  std::string commands;
};

struct NetnsOp {
  Verb verb = Verb::kAdd;
};

struct Op {
  size_t at = 0;
  std::variant<LinkAdd, LinkSet, GroupSet, LinkDel, GroupDel, AddrOp, RouteOp, NeighOp, FdbOp, NexthopOp, RuleOp,
               QdiscOp, TcClassOp, TcFilterOp, AnnounceOp, ConntrackDel, XfrmPolicyOp, SysctlOp, NftOp, NetnsOp>
      step;
};

}  // namespace cnm
