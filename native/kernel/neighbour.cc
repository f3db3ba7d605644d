#include "kernel/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <numeric>

#include "kernel/link.h"
#include "kernel/rows.h"
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

/** Sends the rows that `put` completes, and takes those back that were added when another of them is refused. */
template <typename Ask>
Refused AllOrNothing(Verb verb, size_t count, const Ask& ask) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  Refused refusal = ask(verb, rows);
  if (!refusal || (verb != Verb::kAdd && verb != Verb::kAppend)) return refusal;
  for (const RefusedRow& refused : refusal->rows) rows[refused.row] = UINT32_MAX;
  std::erase(rows, UINT32_MAX);
  // One that has gone meanwhile is what we want.
  ask(Verb::kDel, rows);
  return refusal;
}

}  // namespace

std::span<const Word> NeighbourStates() { return kNeighbourStates; }

std::span<const Word> ForwardingStates() { return kForwardingStates; }

Refused ApplyNeighbours(Place& place, const NeighOp& op) {
  int32_t link;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const uint32_t flags =
      (op.proxy ? NTF_PROXY : 0u) | (op.router ? NTF_ROUTER : 0u) | (op.extern_learn ? NTF_EXT_LEARNED : 0u);
  const int family = op.addresses.width == 16 ? AF_INET6 : AF_INET;
  return AllOrNothing(op.verb, op.count, [&](Verb verb, std::span<const uint32_t> rows) {
    Message pattern(TypeOf(verb), FlagsOf(verb), HeaderOf(family, link, op.state, flags));
    std::vector<Slot> slots;
    PutColumn(pattern, CNM_NAMED(NDA_DST), op.addresses, slots);
    PutColumn(pattern, CNM_NAMED(NDA_LLADDR), op.macs, slots);
    return AskRows(*socket, pattern, slots, rows);
  });
}

Refused ApplyForwarding(Place& place, const FdbOp& op) {
  int32_t link, via = 0;
  if (Refused refusal = ResolveLink(place, op.link, "", link)) return refusal;
  if (op.via) {
    if (Refused refusal = ResolveLink(place, *op.via, "NDA_IFINDEX", via)) return refusal;
  }
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  return AllOrNothing(op.verb, op.count, [&](Verb verb, std::span<const uint32_t> rows) {
    Message pattern(TypeOf(verb), FlagsOf(verb), HeaderOf(AF_BRIDGE, link, op.state, FlagsOf(op)));
    std::vector<Slot> slots;
    PutColumn(pattern, CNM_NAMED(NDA_LLADDR), op.macs, slots);
    PutColumn(pattern, CNM_NAMED(NDA_DST), op.dsts, slots);
    PutColumn(pattern, CNM_NAMED(NDA_VNI), op.vnis, slots);
    if (op.port) pattern.PutU16(CNM_NAMED(NDA_PORT), htons(static_cast<uint16_t>(*op.port)));
    if (op.src_vni) pattern.PutU32(CNM_NAMED(NDA_SRC_VNI), *op.src_vni);
    if (op.vlan) pattern.PutU16(CNM_NAMED(NDA_VLAN), static_cast<uint16_t>(*op.vlan));
    if (op.via) pattern.PutU32(CNM_NAMED(NDA_IFINDEX), static_cast<uint32_t>(via));
    return AskRows(*socket, pattern, slots, rows);
  });
}

}  // namespace cnm
