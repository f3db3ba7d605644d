// The answer to a request, as an acknowledgement and as the end of a dump.

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstdlib>

#include "kernel/extack.h"
#include "reply.h"

using namespace cnm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Message request = [] {
    Message message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{});
    message.PutU32(CNM_NAMED(IFLA_MTU), 9);
    return message;
  }();
  const auto reply = ReplyOf(data, size);
  if (!reply) return 0;
  for (const Refused& refusal : {RefusalInError(HeaderOf(reply), request), RefusalInDone(HeaderOf(reply), request)}) {
    if (refusal && refusal->error == 0) abort();
  }
  return 0;
}
