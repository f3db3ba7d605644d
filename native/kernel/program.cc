#include "kernel/program.h"

#include <cerrno>

#include "kernel/address.h"
#include "kernel/address_rows.h"
#include "kernel/announce.h"
#include "kernel/conntrack.h"
#include "kernel/group.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/nexthop.h"
#include "kernel/nft_batch.h"
#include "kernel/nft_element.h"
#include "kernel/qdisc.h"
#include "kernel/route.h"
#include "kernel/route_rows.h"
#include "kernel/rule.h"
#include "kernel/tc_class.h"
#include "kernel/tc_filter.h"
#include "kernel/vlan.h"
#include "kernel/vni.h"
#include "kernel/wireguard.h"
#include "kernel/xfrm_flush.h"
#include "kernel/xfrm_policy.h"
#include "kernel/xfrm_state.h"

namespace cnm {

namespace {

/** One op, carried out by its kind. */
class Step {
 public:
  Step(const Program& program, size_t at, const std::atomic<bool>& cancelled, int32_t& index, uint32_t& count)
      : program_(program), place_(*program.places[at]), cancelled_(cancelled), index_(index), count_(count) {}

  Refused operator()(const LinkAdd& add) {
    return AddLink(place_, add.peer ? program_.places[add.peer->at].get() : nullptr,
                   add.into ? program_.places[*add.into].get() : nullptr, add, index_);
  }
  Refused operator()(const LinkSet& set) {
    return SetLink(place_, set.move_to ? program_.places[*set.move_to].get() : nullptr, set);
  }
  Refused operator()(const LinkDel& del) { return DelLink(place_, del); }
  Refused operator()(const GroupSet& set) { return SetGroup(place_, set); }
  Refused operator()(const GroupDel& del) { return DelGroup(place_, del); }
  Refused operator()(const AddrOp& op) { return ApplyAddress(place_, op); }
  Refused operator()(const AddressesOp& op) { return ApplyAddresses(place_, op, cancelled_); }
  Refused operator()(const RouteOp& op) { return ApplyRoute(place_, op); }
  Refused operator()(const RoutesOp& op) { return ApplyRoutes(place_, op, cancelled_); }
  Refused operator()(const NeighOp& op) { return Numbered(op.many, ApplyNeighbours(place_, op, cancelled_)); }
  Refused operator()(const FdbOp& op) { return Numbered(op.many, ApplyForwarding(place_, op, cancelled_)); }
  Refused operator()(const NexthopOp& op) { return ApplyNexthop(place_, op); }
  Refused operator()(const VniOp& op) { return ApplyVni(place_, op); }
  Refused operator()(const VlanOp& op) { return ApplyVlan(place_, op); }
  Refused operator()(const RuleOp& op) { return ApplyRule(place_, op); }
  Refused operator()(const QdiscOp& op) { return ApplyQdisc(place_, op); }
  Refused operator()(const TcClassOp& op) { return ApplyTcClass(place_, op); }
  Refused operator()(const TcFilterOp& op) { return ApplyTcFilter(place_, op); }
  Refused operator()(const AnnounceOp& op) { return Announce(place_, op); }
  Refused operator()(const ConntrackDel& op) { return DeleteConntrack(place_, op, count_); }
  Refused operator()(const ConntrackDelMany& op) { return DeleteConntrack(place_, op, count_); }
  Refused operator()(const XfrmPolicyOp& op) { return ApplyXfrmPolicy(place_, op); }
  Refused operator()(const XfrmPolicyFlush& op) { return FlushXfrmPolicies(place_, op, count_); }
  Refused operator()(const XfrmStateOp& op) { return ApplyXfrmState(place_, op); }
  Refused operator()(const XfrmStateFlush& op) { return FlushXfrmStates(place_, op, count_); }
  Refused operator()(const WireguardSync& op) { return SyncWireguard(place_, op); }
  Refused operator()(const SysctlOp& op) { return place_.WriteSysctl(op.path, op.value); }
  Refused operator()(const NftOp& op) { return ApplyNft(place_, op); }
  Refused operator()(const NftGetOp& op) { return GetNftElement(place_, op); }
  Refused operator()(const NetnsOp& op) { return op.verb == Verb::kAdd ? place_.Create() : place_.Remove(); }

 private:
  /** The only row of an op has no number. */
  static Refused Numbered(bool many, Refused refusal) {
    if (refusal && !many) refusal->rows.clear();
    return refusal;
  }

  const Program& program_;
  Place& place_;
  const std::atomic<bool>& cancelled_;
  int32_t& index_;
  uint32_t& count_;
};

/** Afterwards a name may be that of another link, or of none, here and, of a pair's other end, elsewhere. */
bool ChangesNames(const Op& op) {
  if (const auto* set = std::get_if<LinkSet>(&op.step)) return set->name || set->move_to;
  return std::holds_alternative<LinkDel>(op.step) || std::holds_alternative<GroupDel>(op.step) ||
         std::holds_alternative<NetnsOp>(op.step);
}

}  // namespace

Outcome CarryOut(const Program& program, const std::atomic<bool>& cancelled) {
  const size_t size = program.ops.size();
  Outcome outcome{.ifindex = std::vector<int32_t>(size), .count = std::vector<uint32_t>(size), .refusal = {}};
  for (const Op& op : program.ops) {
    if (const auto* sysctl = std::get_if<SysctlOp>(&op.step)) program.places[op.at]->Foresee(sysctl->path);
  }
  for (const auto& place : program.places) place->Remember();
  for (const Op& op : program.ops) {
    const size_t i = outcome.done;
    if (cancelled) {
      outcome.refusal = Refusal{.error = -ECANCELED};
    } else {
      outcome.refusal = std::visit(Step(program, op.at, cancelled, outcome.ifindex[i], outcome.count[i]), op.step);
    }
    if (outcome.refusal) {
      outcome.refusal->op = i;
      break;
    }
    if (ChangesNames(op)) {
      for (const auto& place : program.places) place->LookAnew();
    }
    outcome.done++;
  }
  for (const auto& place : program.places) place->Forget();
  return outcome;
}

}  // namespace cnm
