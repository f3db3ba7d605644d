// A message of rtnetlink, decoded as a row of every table.

#include <cstdlib>

#include "kernel/tables.h"
#include "reply.h"

using namespace cnm;

namespace {

template <typename Row>
void Decode(const nlmsghdr* message) {
  Columns<Row> columns;
  cnm::Decode(message, columns);
  if (columns.length() > 1) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto reply = ReplyOf(data, size);
  if (!reply) return 0;
  Decode<LinkRow>(HeaderOf(reply));
  Decode<AddressRow>(HeaderOf(reply));
  Decode<RouteRow>(HeaderOf(reply));
  Decode<NeighRow>(HeaderOf(reply));
  Decode<FdbRow>(HeaderOf(reply));
  return 0;
}
