#include "kernel/xfrm_flush.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include "kernel/attributes.h"
#include "kernel/xfrm.h"

namespace cnm {

namespace {

bool Matches(const std::optional<uint32_t>& wanted, uint32_t number) { return !wanted || *wanted == number; }

bool Matches(const std::optional<Address>& wanted, const xfrm_address_t& address, int family) {
  return !wanted || (VersionOf(family) == (wanted->length == 16 ? 6 : 4) &&
                     memcmp(wanted->bytes.data(), &address, wanted->length) == 0);
}

bool Matches(const XfrmPolicyFlush& flush, const xfrm_userpolicy_info& policy) {
  return Matches(flush.dir, policy.dir) && Matches(flush.priority, policy.priority) &&
         Matches(flush.action, policy.action);
}

bool Matches(const XfrmStateFlush& flush, const xfrm_usersa_info& state) {
  return Matches(flush.src, state.saddr, state.family) && Matches(flush.dst, state.id.daddr, state.family) &&
         Matches(flush.proto, state.id.proto) && Matches(flush.mode, state.mode) && Matches(flush.reqid, state.reqid);
}

void PutMarkOf(Message& message, const Attributes& attributes) {
  const xfrm_mark mark = MarkIn(attributes);
  if (mark.m) PutMark(message, mark.v, mark.m);
}

/** By its number, which no other has. */
Message Deletion(const xfrm_userpolicy_info& policy, const Attributes& attributes) {
  xfrm_userpolicy_id id{};
  id.sel = policy.sel;
  id.index = policy.index;
  id.dir = policy.dir;
  Message message(CNM_NAMED(XFRM_MSG_DELPOLICY), 0, id);
  PutMarkOf(message, attributes);
  if (const uint32_t if_id = attributes.U32(XFRMA_IF_ID)) message.PutU32(CNM_NAMED(XFRMA_IF_ID), if_id);
  return message;
}

Message Deletion(const xfrm_usersa_info& state, const Attributes& attributes) {
  xfrm_usersa_id id{};
  id.daddr = state.id.daddr;
  id.spi = state.id.spi;
  id.family = state.family;
  id.proto = state.id.proto;
  Message message(CNM_NAMED(XFRM_MSG_DELSA), 0, id);
  PutMarkOf(message, attributes);
  return message;
}

bool HasEnded(const Refusal& refusal) { return refusal.error == -ENOENT || refusal.error == -ESRCH; }

/** Reads the whole table, of which `Header` is one, then deletes those that fit. */
template <typename Header, typename Flush>
Refused DeleteAll(Place& place, Message dump, const Flush& flush, uint32_t& count) {
  std::vector<Message> deletions;
  const auto on_reply = [&](const nlmsghdr* reply) {
    const auto header = HeaderIn<Header>(reply);
    if (header && Matches(flush, *header)) deletions.push_back(Deletion(*header, Attributes(reply, sizeof *header)));
  };
  if (Refused refusal = place.DumpXfrm(dump, on_reply, [&] { deletions.clear(); })) return refusal;
  Socket* socket;
  if (Refused refusal = place.Xfrm(socket)) return refusal;
  Refused first;
  for (Message& deletion : deletions) {
    Refused refusal = socket->Ask(deletion);
    if (!refusal) {
      count++;
    } else if (!HasEnded(*refusal) && !first) {
      // The others go all the same.
      first = std::move(refusal);
    }
  }
  return first;
}

}  // namespace

Refused FlushXfrmPolicies(Place& place, const XfrmPolicyFlush& flush, uint32_t& count) {
  Message dump(CNM_NAMED(XFRM_MSG_GETPOLICY), NLM_F_DUMP, xfrm_userpolicy_id{});
  return DeleteAll<xfrm_userpolicy_info>(place, std::move(dump), flush, count);
}

Refused FlushXfrmStates(Place& place, const XfrmStateFlush& flush, uint32_t& count) {
  Message dump(CNM_NAMED(XFRM_MSG_GETSA), NLM_F_DUMP, xfrm_usersa_id{});
  return DeleteAll<xfrm_usersa_info>(place, std::move(dump), flush, count);
}

}  // namespace cnm
