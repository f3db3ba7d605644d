#include "js/qdisc_ops.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "js/link_ops.h"
#include "js/shared_fields.h"
#include "kernel/qdisc.h"
#include "kernel/tc_filter.h"

namespace cnm {

namespace {

constexpr const char* kHandle = "a handle such as '1:' or '1:10', in hexadecimal";

void ReadHandle(Fields& fields, const char* key, std::optional<uint32_t>& handle) {
  std::optional<std::string> text;
  fields.Optional(key, text);
  if (!fields.ok() || !text) return;
  handle = ParseHandle(*text);
  if (!handle) fields.Fail(key, kHandle);
}

void ReadHandle(Fields& fields, const char* key, uint32_t& handle) {
  std::optional<uint32_t> read;
  ReadHandle(fields, key, read);
  if (!read) fields.Fail(key, kHandle);
  handle = read.value_or(0);
}

/** Bits per second, which the kernel has as bytes. */
void ReadRate(Fields& fields, const char* key, std::optional<uint64_t>& rate) {
  fields.Optional(key, rate);
  if (!rate) return;
  *rate /= 8;
  if (*rate == 0) fields.Fail(key, "8 or more bits per second");
}

void ReadRate(Fields& fields, const char* key, uint64_t& rate) {
  std::optional<uint64_t> read;
  ReadRate(fields, key, read);
  if (!read) fields.Fail(key, "8 or more bits per second");
  rate = read.value_or(0);
}

/** A percentage, as a share of 2^32 - 1. */
void ReadShare(Fields& fields, const char* key, uint32_t& share) {
  std::optional<double> percent;
  fields.Optional(key, percent);
  if (!percent) return;
  if (!(*percent >= 0 && *percent <= 100)) return fields.Fail(key, "a number from 0 to 100");
  share = static_cast<uint32_t>(std::rint(*percent / 100 * UINT32_MAX));
}

/** A field that has no meaning here. */
void ReadNeedless(Fields& fields, const char* key, const std::string& because) {
  if (!fields.Get(key).IsUndefined()) fields.Fail(key, "nothing, since " + because);
}

/** A field that says more of the `first`. */
void ReadBehind(Fields& fields, const char* key, const char* first) {
  if (fields.Get(first).IsUndefined()) ReadNeedless(fields, key, std::string("there is no ") + first);
}

/** No option but these. */
void ReadOnly(Fields& fields, std::initializer_list<std::string_view> names) {
  for (const std::string& name : fields.Names()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return fields.Fail(name.c_str(), "nothing: there is no such option");
  }
}

void ReadOptions(Fields& fields, TbfOptions& options) {
  ReadOnly(fields, {"rate", "burst", "limit", "latency", "peakRate", "mtu"});
  ReadRate(fields, "rate", options.rate);
  fields.Required("burst", options.burst);
  fields.Optional("limit", options.limit);
  fields.Optional("latency", options.latency);
  ReadRate(fields, "peakRate", options.peak_rate);
  fields.Optional("mtu", options.mtu);
  if (options.limit.has_value() == options.latency.has_value()) fields.Fail("limit", "one of limit and latency");
  if (options.peak_rate.has_value() != options.mtu.has_value()) fields.Fail("mtu", "peakRate and mtu together");
}

void ReadOptions(Fields& fields, HtbOptions& options) {
  ReadOnly(fields, {"default", "r2q", "directQlen"});
  ReadNumber(fields, "default", UINT16_MAX, options.default_class);
  fields.Optional("r2q", options.r2q);
  fields.Optional("directQlen", options.direct_qlen);
}

void ReadOptions(Fields& fields, NetemOptions& options) {
  ReadOnly(fields,
           {"limit", "delay", "jitter", "delayCorrelation", "loss", "lossCorrelation", "duplicate",
            "duplicateCorrelation", "corrupt", "corruptCorrelation", "reorder", "reorderCorrelation", "gap", "rate"});
  fields.Optional("limit", options.limit);
  fields.Optional("delay", options.delay);
  fields.Optional("jitter", options.jitter);
  ReadShare(fields, "delayCorrelation", options.delay_correlation);
  ReadShare(fields, "loss", options.loss.probability);
  ReadShare(fields, "lossCorrelation", options.loss.correlation);
  ReadShare(fields, "duplicate", options.duplicate.probability);
  ReadShare(fields, "duplicateCorrelation", options.duplicate.correlation);
  ReadShare(fields, "corrupt", options.corrupt.probability);
  ReadShare(fields, "corruptCorrelation", options.corrupt.correlation);
  ReadShare(fields, "reorder", options.reorder.probability);
  ReadShare(fields, "reorderCorrelation", options.reorder.correlation);
  fields.Optional("gap", options.gap);
  ReadRate(fields, "rate", options.rate);
  ReadBehind(fields, "jitter", "delay");
  ReadBehind(fields, "delayCorrelation", "jitter");
  for (const std::string what : {"loss", "duplicate", "corrupt", "reorder"}) {
    ReadBehind(fields, (what + "Correlation").c_str(), what.c_str());
  }
  ReadBehind(fields, "reorder", "delay");
  ReadBehind(fields, "gap", "reorder");
}

/** Options are in the field of the kind's name. */
template <typename Options>
void ReadField(Fields& fields, QdiscOp& op) {
  auto& options = op.options.emplace<Options>();
  const Napi::Value value = fields.Get(op.kind.c_str());
  if (!fields.ok()) return;
  const bool needed = op.kind == "tbf";
  if (value.IsUndefined() && !needed) return;
  Fields inner(value, fields.Name(op.kind.c_str()));
  ReadOptions(inner, options);
}

void ReadOptions(Fields& fields, QdiscOp& op) {
  for (const char* kind : {"tbf", "htb", "netem"}) {
    if (op.kind != kind) ReadNeedless(fields, kind, std::string("kind is not '") + kind + "'");
  }
  if (op.kind == "tbf") {
    ReadField<TbfOptions>(fields, op);
  } else if (op.kind == "htb") {
    ReadField<HtbOptions>(fields, op);
  } else if (op.kind == "netem") {
    ReadField<NetemOptions>(fields, op);
  }
}

/** What was expected; `name` is that of each kind. */
template <typename Kinds, typename NameOf>
std::string OneOf(const Kinds& kinds, NameOf name) {
  std::string names;
  for (const auto& kind : kinds) names.append(names.empty() ? "one of '" : ", '").append(name(kind)).append("'");
  return names;
}

void ReadPlace(Fields& fields, const QdiscKind& kind, QdiscOp& op) {
  if (kind.hook) {
    for (const char* key : {"parent", "handle"}) ReadNeedless(fields, key, "this kind has a place of its own");
    op.parent = kind.hook;
    return;
  }
  std::optional<uint32_t> parent, handle;
  ReadHandle(fields, "parent", parent);
  if (op.verb != Verb::kDel) ReadHandle(fields, "handle", handle);
  op.parent = parent.value_or(*ParseHandle("root"));
  op.handle = handle.value_or(0);
}

}  // namespace

void ReadQdisc(Fields& fields, Verb verb, QdiscOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  fields.Required("kind", op.kind);
  const QdiscKind* kind = FindQdiscKind(op.kind);
  if (!kind) return fields.Fail("kind", OneOf(QdiscKinds(), [](const QdiscKind& each) { return each.name; }));
  ReadPlace(fields, *kind, op);
  if (verb != Verb::kDel) ReadOptions(fields, op);
}

void ReadTcClass(Fields& fields, Verb verb, TcClassOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadHandle(fields, "classId", op.id);
  if (verb == Verb::kDel) return;
  ReadHandle(fields, "parent", op.parent);
  ReadRate(fields, "rate", op.rate);
  ReadRate(fields, "ceil", op.ceil);
  fields.Optional("burst", op.burst);
  fields.Optional("cburst", op.cburst);
  fields.Optional("quantum", op.quantum);
  ReadNumber(fields, "prio", 7, op.prio);
}

void ReadTcFilter(Fields& fields, Verb verb, TcFilterOp& op) {
  op.verb = verb;
  ReadLink(fields, "link", op.link);
  ReadHandle(fields, "parent", op.parent);
  fields.Required("kind", op.kind);
  if (std::ranges::none_of(TcFilterKinds(), [&](const char* kind) { return op.kind == kind; })) {
    fields.Fail("kind", OneOf(TcFilterKinds(), [](const char* kind) { return kind; }));
  }
  fields.Required("priority", op.priority);
  if (op.priority == 0 || op.priority > UINT16_MAX) fields.Fail("priority", "an integer from 1 to 65535");
  if (verb == Verb::kDel) return;
  ReadHandle(fields, "classId", op.class_id);
  ReadOptionalLink(fields, "redirect", op.redirect);
  if (!op.class_id && !op.redirect) fields.Fail("classId", "a handle, or redirect");
}

}  // namespace cnm
