#include "kernel/program.h"

#include <cerrno>

#include "kernel/address.h"
#include "kernel/class.h"
#include "kernel/filter.h"
#include "kernel/group.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/qdisc.h"
#include "kernel/route.h"
#include "kernel/rule.h"

namespace cnm {

namespace {

/** One op, carried out by its kind. */
class Step {
 public:
  Step(const Program& program, size_t at, int32_t& index)
      : program_(program), place_(*program.places[at]), index_(index) {}

  Refused operator()(const LinkAdd& add) {
    return AddLink(place_, add.peer ? program_.places[add.peer->at].get() : nullptr, add, index_);
  }
  Refused operator()(const LinkSet& set) {
    return SetLink(place_, set.move_to ? program_.places[*set.move_to].get() : nullptr, set);
  }
  Refused operator()(const LinkDel& del) { return DelLink(place_, del); }
  Refused operator()(const GroupSet& set) { return SetGroup(place_, set); }
  Refused operator()(const GroupDel& del) { return DelGroup(place_, del); }
  Refused operator()(const AddrOp& op) { return ApplyAddress(place_, op); }
  Refused operator()(const RouteOp& op) { return ApplyRoute(place_, op); }
  Refused operator()(const NeighOp& op) { return Numbered(op.many, ApplyNeighbours(place_, op)); }
  Refused operator()(const FdbOp& op) { return Numbered(op.many, ApplyForwarding(place_, op)); }
  Refused operator()(const RuleOp& op) { return ApplyRule(place_, op); }
  Refused operator()(const QdiscOp& op) { return ApplyQdisc(place_, op); }
  Refused operator()(const ClassOp& op) { return ApplyClass(place_, op); }
  Refused operator()(const FilterOp& op) { return ApplyFilter(place_, op); }
  Refused operator()(const SysctlOp& op) { return place_.WriteSysctl(op.path, op.value); }
  Refused operator()(const NftOp& op) {
    std::string output;
    return place_.RunNft(op.commands, output);
  }
  Refused operator()(const NetnsOp& op) { return op.verb == Verb::kAdd ? place_.Create() : place_.Remove(); }

 private:
  /** The only row of an op has no number. */
  static Refused Numbered(bool many, Refused refusal) {
    if (refusal && !many) refusal->rows.clear();
    return refusal;
  }

  const Program& program_;
  Place& place_;
  int32_t& index_;
};

}  // namespace

Outcome CarryOut(const Program& program, const std::atomic<bool>& cancelled) {
  Outcome outcome{.ifindex = std::vector<int32_t>(program.ops.size()), .refusal = {}};
  for (const Op& op : program.ops) {
    if (cancelled) {
      outcome.refusal = Refusal{.error = -ECANCELED};
    } else {
      outcome.refusal = std::visit(Step(program, op.at, outcome.ifindex[outcome.done]), op.step);
    }
    if (outcome.refusal) {
      outcome.refusal->op = outcome.done;
      break;
    }
    outcome.done++;
  }
  return outcome;
}

}  // namespace cnm
