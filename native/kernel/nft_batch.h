#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "facts/op.h"
#include "facts/outcome.h"
#include "kernel/message.h"
#include "kernel/place.h"

namespace cnm {

/**
 * A transaction of nftables as the kernel has it. It costs what is in it: nothing is read before. Of libnftables' JSON
 * it has the words that lib/firewall speaks, in tables of the family inet, and of elements those that say what they are
 * (docs/decisions/0022).
 */
class NftBatch {
 public:
  /** Nothing when some of `commands` has other words. */
  static std::optional<NftBatch> Of(const std::string& commands);

  /** All of it or nothing. Names the calling thread. */
  Refused Send(Socket& socket);

 private:
  NftBatch() = default;
  Refused Receive(Socket& socket, uint32_t first) const;

  std::vector<Message> messages_;
  /** Of each message: which command it is of. */
  std::vector<size_t> commands_;
};

/** By a batch of our own where that has the words; what else there is libnftables does. */
Refused ApplyNft(Place& place, const NftOp& op);

}  // namespace cnm
