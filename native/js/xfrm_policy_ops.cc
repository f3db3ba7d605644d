#include "js/xfrm_policy_ops.h"

#include <string>

#include "js/shared_fields.h"
#include "js/xfrm_fields.h"
#include "kernel/xfrm.h"
#include "kernel/xfrm_policy.h"

namespace cnm {

namespace {

void ReadTemplate(Fields& fields, XfrmTemplate& tmpl) {
  fields.Optional("src", tmpl.src);
  fields.Optional("dst", tmpl.dst);
  if (tmpl.src && tmpl.dst && tmpl.src->length != tmpl.dst->length) fields.Fail("dst", "as many bytes as 'src' has");
  ReadRequiredWord(fields, "proto", XfrmTransforms(), tmpl.proto);
  fields.Optional("spi", tmpl.spi);
  fields.Optional("reqid", tmpl.reqid);
  ReadRequiredWord(fields, "mode", XfrmModes(), tmpl.mode);
  ReadWordOr(fields, "level", XfrmLevels(), tmpl.optional);
}

void ReadTemplates(Fields& fields, std::vector<XfrmTemplate>& tmpls) {
  const Napi::Value value = fields.Get("tmpls");
  if (!fields.ok() || value.IsUndefined()) return;
  const size_t most = MostXfrmTemplates();
  if (!value.IsArray() || value.As<Napi::Array>().Length() > most) {
    return fields.Fail("tmpls", "an array of at most " + std::to_string(most));
  }
  const auto array = value.As<Napi::Array>();
  tmpls.resize(array.Length());
  for (uint32_t i = 0; i < tmpls.size(); i++) {
    Fields tmpl(array.Get(i), fields.Name("tmpls") + "[" + std::to_string(i) + "]");
    ReadTemplate(tmpl, tmpls[i]);
    if (!tmpl.ok()) return;
  }
}

}  // namespace

void ReadXfrmPolicy(Fields& fields, Verb verb, XfrmPolicyOp& op) {
  op.verb = verb;
  ReadXfrmSelector(fields, op.selector);
  ReadRequiredWord(fields, "dir", XfrmDirections(), op.dir);
  ReadMark(fields, op.mark, op.mask);
  ReadIfId(fields, op.if_id);
  fields.Optional("priority", op.priority);
  ReadWordOr(fields, "action", XfrmActions(), op.action);
  ReadFlags(fields, "flags", XfrmPolicyFlags(), op.flags);
  ReadXfrmLimits(fields, op.limits);
  ReadTemplates(fields, op.tmpls);
}

void ReadXfrmPolicyFlush(Fields& fields, XfrmPolicyFlush& flush) {
  ReadOptionalWord(fields, "dir", XfrmDirections(), flush.dir);
  fields.Optional("priority", flush.priority);
  ReadOptionalWord(fields, "action", XfrmActions(), flush.action);
  // What was left out by mistake must not mean every policy.
  if (!flush.dir && !flush.priority && !flush.action) fields.Fail("dir", "a direction, a priority or an action");
}

}  // namespace cnm
