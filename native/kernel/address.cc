#include "kernel/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/rows.h"
#include "kernel/tables.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr uint32_t kForever = UINT32_MAX;

uint8_t FamilyOf(const AddrOp& op) { return op.addresses.width == 16 ? AF_INET6 : AF_INET; }

/** The flags that are asked for; the kernel has some of its own. */
uint32_t SettingsOf(const AddrOp& op) {
  return (op.no_prefix_route ? IFA_F_NOPREFIXROUTE : 0u) | (op.home ? IFA_F_HOMEADDRESS : 0u) |
         (op.mng_tmp_addr ? IFA_F_MANAGETEMPADDR : 0u);
}

ifaddrmsg HeaderOf(const AddrOp& op, int32_t link) {
  ifaddrmsg header{};
  header.ifa_family = FamilyOf(op);
  header.ifa_scope = static_cast<uint8_t>(op.scope.value_or(RT_SCOPE_UNIVERSE));
  header.ifa_index = static_cast<uint32_t>(link);
  return header;
}

void PutSettings(Message& message, const AddrOp& op) {
  if (op.broadcast) message.PutAddress(CNM_NAMED(IFA_BROADCAST), *op.broadcast);
  // Duplicate address detection would keep the address unusable for a second; whoever plans it knows that it is free.
  const uint32_t nodad = FamilyOf(op) == AF_INET6 ? IFA_F_NODAD : 0;
  if (const uint32_t flags = SettingsOf(op) | nodad) message.PutU32(CNM_NAMED(IFA_FLAGS), flags);
  if (op.valid_lifetime || op.preferred_lifetime) {
    ifa_cacheinfo lifetimes{};
    lifetimes.ifa_valid = op.valid_lifetime.value_or(kForever);
    // It must not be the longer of the two.
    lifetimes.ifa_prefered = op.preferred_lifetime.value_or(lifetimes.ifa_valid);
    message.Put(CNM_NAMED(IFA_CACHEINFO), &lifetimes, sizeof lifetimes);
  }
}

/** Of one that is to go, settings do not matter. */
bool IsWanted(const AddrOp& op, const nlmsghdr* reply) {
  if (op.verb == Verb::kDel) return true;
  const auto* header = HeaderIn<ifaddrmsg>(reply);
  if (!header) return false;
  // Of IPv6 the kernel knows better.
  if (header->ifa_family == AF_INET && header->ifa_scope != op.scope.value_or(RT_SCOPE_UNIVERSE)) return false;
  const uint32_t flags = Attributes(reply, sizeof *header).U32(IFA_FLAGS);
  return (flags & (IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR)) == SettingsOf(op);
}

}  // namespace

Refused ApplyAddresses(Place& place, const AddrOp& op, const std::atomic<bool>& cancelled) {
  int32_t link = 0;
  if (op.link) {
    if (Refused refusal = ResolveLink(place, *op.link, "", link)) return refusal;
  }
  // Of IPv6 without a peer there is no IFA_LOCAL.
  const Untold untold = {.unsaid = {IFA_LOCAL}, .other = {IFA_FLAGS, IFA_CACHEINFO}};
  const auto pattern = [&](Verb verb) {
    const Named type = verb == Verb::kDel ? CNM_NAMED(RTM_DELADDR) : CNM_NAMED(RTM_NEWADDR);
    Pattern row(type, FlagsOf(verb), HeaderOf(op, link), untold);
    // Rows are found by the first: the one that the kernel tells of IPv6 too, or the one that is their own.
    const bool has_peer = op.peers.width > 0;
    if (has_peer) row.PutColumn(CNM_NAMED(IFA_LOCAL), op.addresses);
    row.PutColumn(CNM_NAMED(IFA_ADDRESS), has_peer ? op.peers : op.addresses);
    if (!has_peer) row.PutColumn(CNM_NAMED(IFA_LOCAL), op.addresses);
    row.PutInHeader(offsetof(ifaddrmsg, ifa_prefixlen), op.prefixes);
    row.PutInHeader(offsetof(ifaddrmsg, ifa_index), op.links);
    if (op.label) row.shared.PutName(CNM_NAMED(IFA_LABEL), *op.label);
    if (verb != Verb::kDel) PutSettings(row.shared, op);
    return row;
  };
  const auto dump = [&] { return AddressesRequest({.link = link, .family = FamilyOf(op)}); };
  const auto among = [&](const nlmsghdr* reply) { return IsWanted(op, reply); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump, .among = among},
                   cancelled);
}

}  // namespace cnm
