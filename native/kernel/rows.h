#pragma once

#include <atomic>
#include <functional>

#include "facts/outcome.h"
#include "facts/words.h"
#include "kernel/batch.h"
#include "kernel/place.h"

namespace cnm {

/** Rows of one table, and what is to become of them. */
struct Rows {
  Verb verb;
  size_t count;
  /** The request of a row for a verb. */
  std::function<Pattern(Verb)> pattern;
  /** What asks for the part of the table where they are, or are to be. */
  std::function<Message()> dump;
  /** False for a row of that which looks alike but is another, by its header; absent when there are none. */
  std::function<bool(const nlmsghdr* reply)> among{};
};

/**
 * Sends the rows in batches, and goes on behind a refused one. To add and to append is all or nothing: when a row is
 * refused, or once `cancelled` is set, what was added is taken back. The other verbs go as far as they can.
 *
 * The refusal is that of the first row that was refused, names all of them, and says how many were not tried. Where the
 * kernel had to drop its answers the table is read back: what is not as it is wanted is sent once more.
 */
Refused ApplyRows(Place& place, const Rows& rows, const std::atomic<bool>& cancelled);

}  // namespace cnm
