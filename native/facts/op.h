#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "facts/links.h"
#include "facts/qdiscs.h"
#include "facts/rows.h"

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
  std::variant<LinkAdd, LinkSet, GroupSet, LinkDel, GroupDel, AddrOp, RouteOp, NeighOp, FdbOp, RuleOp, QdiscOp, ClassOp,
               FilterOp, SysctlOp, NftOp, NetnsOp>
      step;
};

}  // namespace cnm
