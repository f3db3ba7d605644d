#include "kernel/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/link.h"

namespace cnm {

Refused ApplyAddress(Place& place, const AddrOp& op) {
  int32_t index;
  if (Refused refusal = ResolveLink(place, op.link, "", index)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const bool v6 = op.address.length == 16;
  const bool add = op.verb == Verb::kAdd;
  ifaddrmsg header{};
  header.ifa_family = v6 ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = op.prefix;
  header.ifa_index = static_cast<uint32_t>(index);
  Message message(add ? CNM_NAMED(RTM_NEWADDR) : CNM_NAMED(RTM_DELADDR), add ? NLM_F_CREATE | NLM_F_EXCL : 0, header);
  message.PutAddress(CNM_NAMED(IFA_LOCAL), op.address);
  message.PutAddress(CNM_NAMED(IFA_ADDRESS), op.address);
  // Duplicate address detection would keep the address unusable for a second; whoever plans it knows that it is free.
  if (add && v6) message.PutU32(CNM_NAMED(IFA_FLAGS), IFA_F_NODAD);
  return socket->Ask(message);
}

}  // namespace cnm
