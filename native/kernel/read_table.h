#pragma once

#include <functional>

#include "facts/tables.h"
#include "kernel/place.h"

namespace cnm {

/**
 * A whole table, by one of Place's dumps: `take` gets each reply, and the columns that what it says is to be added to.
 * Without rows when there is a refusal.
 */
template <typename Row, typename Take>
Table<Row> ReadTable(Place& place,
                     Refused (Place::*dump)(Message&, const Socket::OnReply&, const std::function<void()>&),
                     Message& message, const Take& take) {
  Table<Row> table;
  const auto on_reply = [&](const nlmsghdr* reply) { take(reply, table.columns); };
  const auto forget = [&] { table.columns = {}; };
  table.refusal = (place.*dump)(message, on_reply, forget);
  if (table.refusal) forget();
  return table;
}

}  // namespace cnm
