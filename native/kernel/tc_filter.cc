#include "kernel/tc_filter.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <string_view>

#include "kernel/link.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr const char* kFilterKinds[] = {"matchall", "u32"};

/** How a kind has what all of them have. */
struct Names {
  Named class_id;
  Named actions;
};

void PutRedirect(Message& message, Named actions, int32_t index) {
  tc_mirred parameters{};
  parameters.action = TC_ACT_STOLEN;
  parameters.eaction = TCA_EGRESS_REDIR;
  parameters.ifindex = static_cast<uint32_t>(index);
  const Message::Nest list(message, actions);
  const Message::Nest first(message, {.value = 1, .name = "TCA_ACT"});
  message.PutName(CNM_NAMED(TCA_ACT_KIND), "mirred");
  const Message::Nest options(message, CNM_NAMED(TCA_ACT_OPTIONS));
  message.Put(CNM_NAMED(TCA_MIRRED_PARMS), &parameters, sizeof parameters);
}

void PutShared(Message& message, const Names& names, const TcFilterOp& op, int32_t redirect) {
  if (op.class_id) message.PutU32(names.class_id, *op.class_id);
  if (op.redirect) PutRedirect(message, names.actions, redirect);
}

/** One key that looks at no bits, which is what all packets have. */
void PutU32Selector(Message& message) {
  alignas(tc_u32_sel) char bytes[sizeof(tc_u32_sel) + sizeof(tc_u32_key)] = {};
  auto* selector = reinterpret_cast<tc_u32_sel*>(bytes);
  selector->flags = TC_U32_TERMINAL;
  selector->nkeys = 1;
  message.Put(CNM_NAMED(TCA_U32_SEL), bytes, sizeof bytes);
}

void PutOptions(Message& message, const TcFilterOp& op, int32_t redirect) {
  const Message::Nest nest(message, CNM_NAMED(TCA_OPTIONS));
  if (op.kind == std::string_view("u32")) {
    PutU32Selector(message);
    PutShared(message, {.class_id = CNM_NAMED(TCA_U32_CLASSID), .actions = CNM_NAMED(TCA_U32_ACT)}, op, redirect);
  } else {
    PutShared(message, {.class_id = CNM_NAMED(TCA_MATCHALL_CLASSID), .actions = CNM_NAMED(TCA_MATCHALL_ACT)}, op,
              redirect);
  }
}

}  // namespace

std::span<const char* const> TcFilterKinds() { return kFilterKinds; }

Refused ApplyTcFilter(Place& place, const TcFilterOp& op) {
  tcmsg header{};
  int32_t redirect = 0;
  if (Refused refusal = ResolveLink(place, op.link, "", header.tcm_ifindex)) return refusal;
  if (op.redirect) {
    if (Refused refusal = ResolveLink(place, *op.redirect, "TCA_MIRRED_PARMS", redirect)) return refusal;
  }
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  header.tcm_parent = op.parent;
  header.tcm_info = TC_H_MAKE(op.priority << 16, htons(ETH_P_ALL));
  const bool del = op.verb == Verb::kDel;
  Message message(del ? CNM_NAMED(RTM_DELTFILTER) : CNM_NAMED(RTM_NEWTFILTER), FlagsOf(op.verb), header);
  message.PutName(CNM_NAMED(TCA_KIND), op.kind);
  if (!del) PutOptions(message, op, redirect);
  return socket->Ask(message);
}

}  // namespace cnm
