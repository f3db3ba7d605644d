#include "kernel/address_rows.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>

#include "kernel/link.h"
#include "kernel/rows.h"
#include "kernel/tables.h"
#include "kernel/verb.h"

namespace cnm {

Refused ApplyAddresses(Place& place, const AddressesOp& op, const std::atomic<bool>& cancelled) {
  int32_t link = 0;
  if (op.link) {
    if (Refused refusal = ResolveLink(place, *op.link, "", link)) return refusal;
  }
  const uint8_t family = op.addresses.width == 16 ? AF_INET6 : AF_INET;
  const auto pattern = [&](Verb verb) {
    ifaddrmsg header{};
    header.ifa_family = family;
    header.ifa_index = static_cast<uint32_t>(link);
    // As with one address: whoever plans it knows that it is free.
    if (verb != Verb::kDel && family == AF_INET6) header.ifa_flags = IFA_F_NODAD;
    Pattern row(verb == Verb::kDel ? CNM_NAMED(RTM_DELADDR) : CNM_NAMED(RTM_NEWADDR), FlagsOf(verb), header);
    // First the one that the kernel tells of IPv6 too, since rows are found by it.
    row.PutColumn(CNM_NAMED(IFA_ADDRESS), op.addresses);
    row.PutColumn(CNM_NAMED(IFA_LOCAL), op.addresses);
    row.PutInHeader(offsetof(ifaddrmsg, ifa_prefixlen), op.prefixes);
    row.PutInHeader(offsetof(ifaddrmsg, ifa_index), op.links);
    return row;
  };
  const auto dump = [&] { return AddressesRequest({.link = link, .family = family}); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump}, cancelled);
}

}  // namespace cnm
