#include "kernel/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/link.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr uint32_t kForever = UINT32_MAX;

uint32_t FlagsOf(const AddrOp& op) {
  // Duplicate address detection would keep the address unusable for a second; whoever plans it knows that it is free.
  const uint32_t nodad = op.address.length == 16 ? IFA_F_NODAD : 0;
  return nodad | (op.no_prefix_route ? IFA_F_NOPREFIXROUTE : 0) | (op.home ? IFA_F_HOMEADDRESS : 0) |
         (op.mng_tmp_addr ? IFA_F_MANAGETEMPADDR : 0);
}

void PutSettings(Message& message, const AddrOp& op) {
  if (op.broadcast) message.PutAddress(CNM_NAMED(IFA_BROADCAST), *op.broadcast);
  if (const uint32_t flags = FlagsOf(op)) message.PutU32(CNM_NAMED(IFA_FLAGS), flags);
  if (op.valid_lifetime || op.preferred_lifetime) {
    ifa_cacheinfo lifetimes{};
    lifetimes.ifa_valid = op.valid_lifetime.value_or(kForever);
    // It must not be the longer of the two.
    lifetimes.ifa_prefered = op.preferred_lifetime.value_or(lifetimes.ifa_valid);
    message.Put(CNM_NAMED(IFA_CACHEINFO), &lifetimes, sizeof lifetimes);
  }
}

}  // namespace

Refused ApplyAddress(Place& place, const AddrOp& op) {
  int32_t index;
  if (Refused refusal = ResolveLink(place, op.link, "", index)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const bool del = op.verb == Verb::kDel;
  ifaddrmsg header{};
  header.ifa_family = op.address.length == 16 ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = op.prefix;
  header.ifa_scope = static_cast<uint8_t>(op.scope.value_or(RT_SCOPE_UNIVERSE));
  header.ifa_index = static_cast<uint32_t>(index);
  Message message(del ? CNM_NAMED(RTM_DELADDR) : CNM_NAMED(RTM_NEWADDR), FlagsOf(op.verb), header);
  message.PutAddress(CNM_NAMED(IFA_LOCAL), op.address);
  message.PutAddress(CNM_NAMED(IFA_ADDRESS), op.peer.value_or(op.address));
  if (op.label) message.PutName(CNM_NAMED(IFA_LABEL), *op.label);
  if (!del) PutSettings(message, op);
  return socket->Ask(message);
}

}  // namespace cnm
