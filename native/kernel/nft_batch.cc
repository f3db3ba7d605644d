#include "kernel/nft_batch.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "kernel/extack.h"
#include "kernel/nft.h"
#include "kernel/nft_command.h"

namespace cnm {

namespace {

constexpr Named kBegin = {.value = NFNL_MSG_BATCH_BEGIN, .name = "nft"};
constexpr Named kEnd = {.value = NFNL_MSG_BATCH_END, .name = "nft"};

/** What stands before and behind a transaction. */
Message Bracket(Named type) {
  return {type, NLM_F_REQUEST,
          nfgenmsg{.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)}};
}

void Append(const Message& message, uint32_t sequence, std::vector<uint8_t>& bytes) {
  nlmsghdr* header = nlmsg_hdr(message.get());
  header->nlmsg_seq = sequence;
  const auto* from = reinterpret_cast<const uint8_t*>(header);
  bytes.insert(bytes.end(), from, from + NLMSG_ALIGN(header->nlmsg_len));
}

}  // namespace

std::optional<NftBatch> NftBatch::Of(const std::string& commands) {
  const auto document = ParseJson(commands);
  const auto only = document ? document->Only() : std::nullopt;
  const std::vector<Json>* list = only && only->name == "nftables" ? only->value.Items() : nullptr;
  if (!list || list->empty()) return {};
  NftBatch batch;
  uint32_t sets = 0;
  for (size_t i = 0; i < list->size(); i++) {
    if (!AppendNftCommand((*list)[i], sets, batch.messages_)) return {};
    batch.commands_.resize(batch.messages_.size(), i);
  }
  const auto overflowed = [](const Message& message) { return message.overflowed(); };
  if (std::ranges::any_of(batch.messages_, overflowed)) return {};
  return batch;
}

Refused NftBatch::Send(Socket& socket) {
  const auto count = static_cast<uint32_t>(messages_.size());
  const uint32_t first = socket.TakeSequences(count + 2);
  // Nobody answers for the whole; but when the last is answered, all were looked at.
  nlmsg_hdr(messages_.back().get())->nlmsg_flags |= NLM_F_ACK;
  std::vector<uint8_t> bytes;
  Append(Bracket(kBegin), first, bytes);
  for (uint32_t i = 0; i < count; i++) Append(messages_[i], first + 1 + i, bytes);
  Append(Bracket(kEnd), first + 1 + count, bytes);
  socket.MakeRoom(bytes.size());
  socket.Drain();
  pthread_setname_np(pthread_self(), NftThreadName().c_str());
  if (const int error = socket.Send(bytes.data(), bytes.size())) return Refusal{.error = error, .request = kBegin.name};
  return Receive(socket, first);
}

/** All there is to say has been said when the send() is over. */
Refused NftBatch::Receive(Socket& socket, uint32_t first) const {
  const Message bracket = Bracket(kBegin);
  Refused refusal;
  bool answered = false;
  for (int size = 0; size >= 0 || size == -ENOBUFS;) {
    nlmsghdr* reply = nullptr;
    size = socket.Receive(reply, MSG_DONTWAIT);
    for (int left = size; left > 0 && nlmsg_ok(reply, left); reply = nlmsg_next(reply, &left)) {
      const uint32_t i = reply->nlmsg_seq - first;
      if (reply->nlmsg_type != NLMSG_ERROR || i > messages_.size() + 1) continue;
      const bool of_command = i > 0 && i <= messages_.size();
      Refused refused = RefusalInError(reply, of_command ? messages_[i - 1] : bracket);
      answered = answered || i == messages_.size();
      // What follows from the first is refused as well.
      if (!refused || refusal) continue;
      refusal = std::move(refused);
      if (of_command) refusal->command = commands_[i - 1];
    }
  }
  if (!refusal && !answered) refusal = Refusal{.error = -ENOBUFS, .request = kBegin.name};
  return refusal;
}

Refused ApplyNft(Place& place, const NftOp& op) {
  auto batch = NftBatch::Of(op.commands);
  if (!batch) {
    std::string output;
    return place.RunNft(op.commands, output);
  }
  Socket* socket;
  if (Refused refusal = place.Netfilter(socket)) return refusal;
  return batch->Send(*socket);
}

}  // namespace cnm
