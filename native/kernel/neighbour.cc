#include "kernel/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/attributes.h"
#include "kernel/link.h"
#include "kernel/rows.h"
#include "kernel/tables.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr Word kNeighbourStates[] = {
    {"permanent", NUD_PERMANENT}, {"reachable", NUD_REACHABLE}, {"stale", NUD_STALE}, {"noarp", NUD_NOARP}};
constexpr Word kForwardingStates[] = {{"permanent", NUD_PERMANENT}, {"static", NUD_NOARP}, {"dynamic", NUD_REACHABLE}};

Named TypeOf(Verb verb) { return verb == Verb::kDel ? CNM_NAMED(RTM_DELNEIGH) : CNM_NAMED(RTM_NEWNEIGH); }

ndmsg HeaderOf(int family, int32_t link, uint32_t state, uint32_t flags) {
  ndmsg header{};
  header.ndm_family = static_cast<uint8_t>(family);
  header.ndm_ifindex = link;
  header.ndm_state = static_cast<uint16_t>(state);
  header.ndm_flags = static_cast<uint8_t>(flags);
  return header;
}

uint32_t FlagsOf(const FdbOp& op) {
  uint32_t flags =
      (op.master ? NTF_MASTER : 0u) | (op.extern_learn ? NTF_EXT_LEARNED : 0u) | (op.sticky ? NTF_STICKY : 0u);
  // A link's own table is meant where nothing is said, as bridge(8) has it.
  if (op.self || !op.master) flags |= NTF_SELF;
  return flags;
}

/** A link's own entries and those that its bridge has of it come in one dump. */
bool IsOwn(const nlmsghdr* reply) {
  const auto header = HeaderIn<ndmsg>(reply);
  return header && header->ndm_flags & NTF_SELF;
}

}  // namespace

std::span<const Word> NeighbourStates() { return kNeighbourStates; }

std::span<const Word> ForwardingStates() { return kForwardingStates; }

Refused ApplyNeighbours(Place& place, const NeighOp& op, const std::atomic<bool>& cancelled) {
  int32_t link;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  const uint32_t flags =
      (op.proxy ? NTF_PROXY : 0u) | (op.router ? NTF_ROUTER : 0u) | (op.extern_learn ? NTF_EXT_LEARNED : 0u);
  const uint8_t family = op.addresses.width == 16 ? AF_INET6 : AF_INET;
  const auto pattern = [&](Verb verb) {
    Pattern row(TypeOf(verb), FlagsOf(verb), HeaderOf(family, link, op.state, flags));
    row.PutColumn(CNM_NAMED(NDA_DST), op.addresses);
    row.PutColumn(CNM_NAMED(NDA_LLADDR), op.macs);
    return row;
  };
  const auto dump = [&] { return NeighboursRequest({.link = link, .family = family, .proxy = op.proxy}); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump}, cancelled);
}

Refused ApplyForwarding(Place& place, const FdbOp& op, const std::atomic<bool>& cancelled) {
  int32_t link, via = 0;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  if (op.via) {
    if (Refused refusal = ResolveLink(place, *op.via, "NDA_IFINDEX", via)) return refusal;
  }
  const uint32_t flags = FlagsOf(op);
  const auto pattern = [&](Verb verb) {
    Pattern row(TypeOf(verb), FlagsOf(verb), HeaderOf(AF_BRIDGE, link, op.state, flags));
    row.PutColumn(CNM_NAMED(NDA_LLADDR), op.macs);
    row.PutColumn(CNM_NAMED(NDA_DST), op.dsts);
    row.PutColumn(CNM_NAMED(NDA_VNI), op.vnis);
    if (op.port) row.shared.PutU16(CNM_NAMED(NDA_PORT), htons(static_cast<uint16_t>(*op.port)));
    if (op.src_vni) row.shared.PutU32(CNM_NAMED(NDA_SRC_VNI), *op.src_vni);
    if (op.vlan) row.shared.PutU16(CNM_NAMED(NDA_VLAN), static_cast<uint16_t>(*op.vlan));
    if (op.nhid) row.shared.PutU32(CNM_NAMED(NDA_NH_ID), *op.nhid);
    if (op.via) row.shared.PutU32(CNM_NAMED(NDA_IFINDEX), static_cast<uint32_t>(via));
    return row;
  };
  const auto dump = [&] { return ForwardingRequest({.link = link}); };
  const auto among = [&](const nlmsghdr* reply) { return IsOwn(reply) == ((flags & NTF_SELF) != 0); };
  return ApplyRows(place, {.verb = op.verb, .count = op.count, .pattern = pattern, .dump = dump, .among = among},
                   cancelled);
}

}  // namespace cnm
