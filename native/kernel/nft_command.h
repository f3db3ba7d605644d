#pragma once

#include <cstdint>
#include <vector>

#include "kernel/json.h"
#include "kernel/message.h"

namespace cnm {

/**
 * Appends what the kernel is told by one command of libnftables' JSON: many elements take several messages. False when
 * it has words that are not among ours. `sets` counts the sets of the transaction.
 */
bool AppendNftCommand(const Json& command, uint32_t& sets, std::vector<Message>& messages);

}  // namespace cnm
