#include "js/announce_ops.h"

#include "js/link_ops.h"
#include "js/shared_fields.h"

namespace cnm {

namespace {

constexpr uint32_t kMostFrames = 255;

constexpr Word kKinds[] = {{"request", false}, {"reply", true}};

/** What belongs to one family is nothing for the other. */
void ReadShape(Fields& fields, AnnounceOp& op) {
  const Napi::Value as = fields.Get("as");
  const Napi::Value router = fields.Get("router");
  if (!fields.ok()) return;
  if (op.address.length == 16) {
    if (!as.IsUndefined()) fields.Fail("as", "nothing, since the address is IPv6");
    ReadFlag(fields, "router", op.router);
  } else {
    if (!router.IsUndefined()) fields.Fail("router", "nothing, since the address is IPv4");
    std::optional<uint32_t> reply;
    ReadOptionalWord(fields, "as", kKinds, reply);
    op.reply = reply.value_or(false);
  }
}

}  // namespace

void ReadAnnounce(Fields& fields, AnnounceOp& op) {
  ReadLink(fields, "link", op.link);
  fields.Required("address", op.address);
  fields.Optional("mac", op.mac);
  std::optional<uint32_t> count;
  fields.Optional("count", count);
  op.count = count.value_or(1);
  if (op.count < 1 || op.count > kMostFrames) fields.Fail("count", "an integer from 1 to 255");
  ReadShape(fields, op);
}

}  // namespace cnm
