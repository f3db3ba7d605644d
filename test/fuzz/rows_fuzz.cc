// A message of a table that is read back: is it one of our rows?

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdlib>

#include "kernel/batch.h"
#include "reply.h"

using namespace cnm;

namespace {

struct Routes {
  Routes() {
    pattern.PutColumn(CNM_NAMED(RTA_DST), tos);
    pattern.PutInHeader(offsetof(rtmsg, rtm_dst_len), prefixes);
    pattern.shared.PutU32(CNM_NAMED(RTA_PRIORITY), 7);
  }
  const Packed tos{.bytes = {10, 0, 0, 0, 10, 0, 0, 1}, .width = 4};
  const Packed prefixes{.bytes = {32, 32}, .width = 1};
  Pattern pattern{CNM_NAMED(RTM_NEWROUTE), 0, rtmsg{}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Routes routes;
  const auto reply = ReplyOf(data, size);
  if (!reply) return 0;
  if (routes.pattern.KeyIn(HeaderOf(reply)).empty()) abort();
  // It cannot be two that differ.
  if (routes.pattern.Describes(0, HeaderOf(reply)) && routes.pattern.Describes(1, HeaderOf(reply))) abort();
  return 0;
}
