#include "kernel/rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace cnm {

Refused ApplyRule(Place& place, const RuleOp& op) {
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const bool add = op.verb == Verb::kAdd;
  fib_rule_hdr header{};
  header.family = op.family == 6 ? AF_INET6 : AF_INET;
  header.action = FR_ACT_TO_TBL;
  header.src_len = op.from_prefix;
  header.dst_len = op.to_prefix;
  if (op.inverted) header.flags = FIB_RULE_INVERT;
  Message message(add ? CNM_NAMED(RTM_NEWRULE) : CNM_NAMED(RTM_DELRULE), add ? NLM_F_CREATE | NLM_F_EXCL : 0, header);
  message.PutU32(CNM_NAMED(FRA_PRIORITY), op.priority);
  message.PutU32(CNM_NAMED(FRA_TABLE), op.table);
  if (op.from) message.PutAddress(CNM_NAMED(FRA_SRC), *op.from);
  if (op.to) message.PutAddress(CNM_NAMED(FRA_DST), *op.to);
  if (op.iif) message.PutName(CNM_NAMED(FRA_IIFNAME), *op.iif);
  if (op.oif) message.PutName(CNM_NAMED(FRA_OIFNAME), *op.oif);
  if (op.mark) message.PutU32(CNM_NAMED(FRA_FWMARK), *op.mark);
  if (op.mask) message.PutU32(CNM_NAMED(FRA_FWMASK), *op.mask);
  if (op.suppress_prefix_length) message.PutU32(CNM_NAMED(FRA_SUPPRESS_PREFIXLEN), *op.suppress_prefix_length);
  return socket->Ask(message);
}

}  // namespace cnm
