#include "js/nexthop_ops.h"

#include <algorithm>
#include <string>

#include "js/shared_fields.h"

namespace cnm {

namespace {

/** The kernel counts hundredths. */
constexpr uint32_t kSecondsMax = UINT32_MAX / 100;

void ReadId(Fields& fields, uint32_t& id) {
  fields.Required("id", id);
  if (id == 0) fields.Fail("id", "an integer from 1 to 4294967295");
}

void ReadGroup(Fields& fields, NexthopOp& op) {
  const Napi::Value value = fields.Get("group");
  if (!fields.ok() || value.IsUndefined()) return;
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) return fields.Fail("group", "an array of next hops");
  const auto array = value.As<Napi::Array>();
  op.group.resize(array.Length());
  for (uint32_t i = 0; i < op.group.size(); i++) {
    Fields member(array.Get(i), fields.Name("group") + "[" + std::to_string(i) + "]");
    ReadId(member, op.group[i].id);
    ReadWeight(member, op.group[i].weight);
    if (!member.ok()) return;
  }
  if (op.via || op.link || op.onlink || op.blackhole) {
    fields.Fail("group", "nothing, beside via, link, onlink and blackhole");
  }
}

void ReadResilience(Fields& fields, NexthopOp& op) {
  const Napi::Value value = fields.Get("resilient");
  if (!fields.ok() || value.IsUndefined()) return;
  if (op.group.empty()) return fields.Fail("resilient", "nothing, without a group");
  Fields inner(value, fields.Name("resilient"));
  Resilience& resilience = op.resilient.emplace();
  ReadNumber(inner, "buckets", UINT16_MAX, resilience.buckets);
  ReadNumber(inner, "idleTimer", kSecondsMax, resilience.idle_timer);
  ReadNumber(inner, "unbalancedTimer", kSecondsMax, resilience.unbalanced_timer);
}

/** That of its next hop, or what is said. */
void ReadNexthopFamily(Fields& fields, NexthopOp& op) {
  std::optional<uint32_t> family;
  fields.Optional("family", family);
  if (family && *family != 4 && *family != 6) fields.Fail("family", "4 or 6");
  const uint32_t own = op.via ? (op.via->length == 16 ? 6 : 4) : family.value_or(4);
  if (family && *family != own) fields.Fail("family", "that of 'via'");
  op.family = static_cast<uint8_t>(own);
}

}  // namespace

void ReadNexthop(Fields& fields, Verb verb, NexthopOp& op) {
  op.verb = verb;
  ReadId(fields, op.id);
  fields.Optional("via", op.via);
  ReadOptionalLink(fields, "link", op.link);
  ReadFlag(fields, "onlink", op.onlink);
  ReadFlag(fields, "blackhole", op.blackhole);
  ReadNexthopFamily(fields, op);
  ReadGroup(fields, op);
  ReadResilience(fields, op);
  ReadFlag(fields, "fdb", op.fdb);
  ReadNumber(fields, "protocol", UINT8_MAX, op.protocol);
}

}  // namespace cnm
