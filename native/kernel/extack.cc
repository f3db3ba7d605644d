#include "kernel/extack.h"

#include <cerrno>
#include <cstring>

namespace cnm {

namespace {

/** Reads the extended acknowledgement's attributes, which begin `offset` bytes into the reply's payload. */
void ReadWords(const nlmsghdr* reply, size_t offset, const Message& request, Refusal& refusal) {
  const auto size = static_cast<size_t>(nlmsg_datalen(reply));
  if (!(reply->nlmsg_flags & NLM_F_ACK_TLVS) || offset >= size) return;
  auto* head = reinterpret_cast<nlattr*>(static_cast<char*>(nlmsg_data(reply)) + offset);
  const auto length = static_cast<int>(size - offset);
  if (const nlattr* words = nla_find(head, length, NLMSGERR_ATTR_MSG)) {
    const auto* text = static_cast<const char*>(nla_data(words));
    refusal.message.assign(text, strnlen(text, static_cast<size_t>(nla_len(words))));
  }
  const nlattr* where = nla_find(head, length, NLMSGERR_ATTR_OFFS);
  if (where && nla_len(where) >= static_cast<int>(sizeof(uint32_t))) {
    refusal.attribute = request.AttributeAt(nla_get_u32(where));
  }
}

}  // namespace

Refused RefusalInError(const nlmsghdr* reply, const Message& request) {
  const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(reply));
  if (nlmsg_datalen(reply) < static_cast<int>(sizeof *error))
    return Refusal{.error = -EBADMSG, .request = request.request()};
  if (error->error == 0) return {};
  Refusal refusal{.error = error->error, .request = request.request()};
  // Without NETLINK_CAP_ACK the kernel puts the whole request between the errno and its words.
  const size_t echoed = reply->nlmsg_flags & NLM_F_CAPPED ? NLMSG_HDRLEN : NLMSG_ALIGN(error->msg.nlmsg_len);
  ReadWords(reply, sizeof(error->error) + echoed, request, refusal);
  return refusal;
}

Refused RefusalInDone(const nlmsghdr* reply, const Message& request) {
  int error = 0;
  if (nlmsg_datalen(reply) < static_cast<int>(sizeof error)) return {};
  memcpy(&error, nlmsg_data(reply), sizeof error);
  if (error >= 0) return {};
  Refusal refusal{.error = error, .request = request.request()};
  ReadWords(reply, sizeof error, request, refusal);
  return refusal;
}

}  // namespace cnm
