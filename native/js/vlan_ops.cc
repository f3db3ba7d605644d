#include "js/vlan_ops.h"

#include <string>

#include "js/link_ops.h"
#include "js/shared_fields.h"

namespace cnm {

namespace {

constexpr uint32_t kVniMax = 0xffffff;
constexpr uint32_t kVidMax = 4094;

/** The number in the field `key`, and the last one, if there are several. */
void ReadRange(Fields& fields, const char* key, uint32_t max, uint32_t& first, std::optional<uint32_t>& end) {
  fields.Required(key, first);
  if (first < 1 || first > max) fields.Fail(key, "an integer from 1 to " + std::to_string(max));
  fields.Optional("end", end);
  if (end && (*end < first || *end > max)) {
    fields.Fail("end", "an integer from '" + std::string(key) + "' to " + std::to_string(max));
  }
}

}  // namespace

void ReadVni(Fields& fields, Verb verb, VniOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadRange(fields, "vni", kVniMax, op.vni, op.end);
  std::optional<Address> group;
  fields.Optional("group", group);
  fields.Optional("remote", op.remote);
  if (group && op.remote) fields.Fail("remote", "nothing, beside group");
  if (group) op.remote = group;
}

void ReadVlan(Fields& fields, Verb verb, VlanOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadRange(fields, "vid", kVidMax, op.vid, op.end);
  ReadFlag(fields, "pvid", op.pvid);
  if (op.pvid && op.end) fields.Fail("pvid", "nothing, beside end");
  ReadFlag(fields, "untagged", op.untagged);
  ReadFlag(fields, "self", op.self);
  ReadFlag(fields, "master", op.master);
}

}  // namespace cnm
