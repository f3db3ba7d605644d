#pragma once

#include <span>

#include "facts/outcome.h"
#include "facts/words.h"
#include "kernel/message.h"
#include "kernel/socket.h"

namespace cnm {

/** Where the bytes of one column go in each row's message. */
struct Slot {
  const Packed* column;
  size_t offset;
};

/** Puts an attribute that each row fills from `column`; nothing when the column is absent. */
void PutColumn(Message& pattern, Named attribute, const Packed& column, std::vector<Slot>& slots);

/**
 * Sends `pattern` once for each row, with the row's bytes in the slots, in batches, and goes on behind a refused row.
 * The refusal is that of the first such row and names all of them.
 */
Refused AskRows(Socket& socket, Message& pattern, std::span<const Slot> slots, std::span<const uint32_t> rows);

}  // namespace cnm
