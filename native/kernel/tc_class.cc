#include "kernel/tc_class.h"

#include <linux/rtnetlink.h>

#include "kernel/link.h"
#include "kernel/rate.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

/** A packet with its headers, and what passes between two looks at a clock that tells nanoseconds. */
uint32_t LeastBurst(uint64_t rate) {
  constexpr uint64_t kPacket = 1600, kLooksPerSecond = 1'000'000'000;
  return static_cast<uint32_t>(rate / kLooksPerSecond + kPacket);
}

void PutOptions(Message& message, const TcClassOp& op) {
  const uint64_t ceil = op.ceil.value_or(op.rate);
  tc_htb_opt parameters{};
  parameters.rate = SpecOf(op.rate);
  parameters.ceil = SpecOf(ceil);
  parameters.buffer = TicksFor(op.burst.value_or(LeastBurst(op.rate)), op.rate);
  parameters.cbuffer = TicksFor(op.cburst.value_or(LeastBurst(ceil)), ceil);
  parameters.quantum = op.quantum.value_or(0);
  parameters.prio = op.prio.value_or(0);
  const Message::Nest nest(message, CNM_NAMED(TCA_OPTIONS));
  PutWideRate(message, CNM_NAMED(TCA_HTB_RATE64), op.rate);
  PutWideRate(message, CNM_NAMED(TCA_HTB_CEIL64), ceil);
  message.Put(CNM_NAMED(TCA_HTB_PARMS), &parameters, sizeof parameters);
}

}  // namespace

Refused ApplyTcClass(Place& place, const TcClassOp& op) {
  tcmsg header{};
  if (Refused refusal = ResolveLink(place, op.link, "", header.tcm_ifindex)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  header.tcm_parent = op.parent;
  header.tcm_handle = op.id;
  const bool del = op.verb == Verb::kDel;
  Message message(del ? CNM_NAMED(RTM_DELTCLASS) : CNM_NAMED(RTM_NEWTCLASS), FlagsOf(op.verb), header);
  if (!del) {
    message.PutName(CNM_NAMED(TCA_KIND), "htb");
    PutOptions(message, op);
  }
  return socket->Ask(message);
}

}  // namespace cnm
