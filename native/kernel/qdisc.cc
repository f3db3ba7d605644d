#include "kernel/qdisc.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "kernel/link.h"
#include "kernel/rate.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

constexpr QdiscKind kKinds[] = {
    {"tbf"}, {"htb"}, {"netem"}, {"pfifo"}, {"fq_codel"}, {"ingress", TC_H_INGRESS}, {"clsact", TC_H_CLSACT},
};

/** Four hexadecimal digits at most; none are 0. */
bool ParseHalf(std::string_view digits, uint32_t& half) {
  half = 0;
  const char* end = digits.data() + digits.size();
  return digits.empty() || (digits.size() <= 4 && std::from_chars(digits.data(), end, half, 16).ptr == end);
}

/** The bytes that may wait so that none waits longer than `latency`. */
uint32_t LimitFor(const TbfOptions& options) {
  const double seconds = *options.latency / kMicrosecondsPerSecond;
  double limit = static_cast<double>(options.rate) * seconds + options.burst;
  if (options.peak_rate) limit = std::min(limit, static_cast<double>(*options.peak_rate) * seconds + *options.mtu);
  return static_cast<uint32_t>(std::min<double>(limit, UINT32_MAX));
}

void PutOptions(Message& message, const TbfOptions& options) {
  tc_tbf_qopt parameters{};
  parameters.rate = SpecOf(options.rate);
  parameters.buffer = TicksFor(options.burst, options.rate);
  parameters.limit = options.latency ? LimitFor(options) : *options.limit;
  if (options.peak_rate) {
    parameters.peakrate = SpecOf(*options.peak_rate);
    parameters.mtu = TicksFor(*options.mtu, *options.peak_rate);
  }
  const Message::Nest nest(message, CNM_NAMED(TCA_OPTIONS));
  message.Put(CNM_NAMED(TCA_TBF_PARMS), &parameters, sizeof parameters);
  message.PutU32(CNM_NAMED(TCA_TBF_BURST), options.burst);
  PutWideRate(message, CNM_NAMED(TCA_TBF_RATE64), options.rate);
  if (!options.peak_rate) return;
  message.PutU32(CNM_NAMED(TCA_TBF_PBURST), *options.mtu);
  PutWideRate(message, CNM_NAMED(TCA_TBF_PRATE64), *options.peak_rate);
}

void PutOptions(Message& message, const HtbOptions& options) {
  tc_htb_glob global{};
  global.version = 3;
  global.rate2quantum = options.r2q.value_or(10);
  global.defcls = options.default_class.value_or(0);
  const Message::Nest nest(message, CNM_NAMED(TCA_OPTIONS));
  message.Put(CNM_NAMED(TCA_HTB_INIT), &global, sizeof global);
  if (options.direct_qlen) message.PutU32(CNM_NAMED(TCA_HTB_DIRECT_QLEN), *options.direct_qlen);
}

void PutNanoseconds(Message& message, Named attribute, const std::optional<uint32_t>& microseconds) {
  if (microseconds) message.PutU64(attribute, uint64_t{*microseconds} * 1000);
}

/** Attributes stand behind a header here, in no nest. */
void PutOptions(Message& message, const NetemOptions& options) {
  tc_netem_qopt parameters{};
  parameters.limit = options.limit.value_or(1000);
  parameters.loss = options.loss.probability;
  parameters.duplicate = options.duplicate.probability;
  // Without a gap the kernel does not reorder.
  parameters.gap = options.gap.value_or(options.reorder.probability ? 1 : 0);
  const tc_netem_corr correlations = {.delay_corr = options.delay_correlation,
                                      .loss_corr = options.loss.correlation,
                                      .dup_corr = options.duplicate.correlation};
  const tc_netem_reorder reorder = {.probability = options.reorder.probability,
                                    .correlation = options.reorder.correlation};
  const tc_netem_corrupt corrupt = {.probability = options.corrupt.probability,
                                    .correlation = options.corrupt.correlation};
  const Message::Nest nest(message, CNM_NAMED(TCA_OPTIONS));
  message.PutHeader(&parameters, sizeof parameters);
  message.Put(CNM_NAMED(TCA_NETEM_CORR), &correlations, sizeof correlations);
  PutNanoseconds(message, CNM_NAMED(TCA_NETEM_LATENCY64), options.delay);
  PutNanoseconds(message, CNM_NAMED(TCA_NETEM_JITTER64), options.jitter);
  if (reorder.probability) message.Put(CNM_NAMED(TCA_NETEM_REORDER), &reorder, sizeof reorder);
  if (corrupt.probability) message.Put(CNM_NAMED(TCA_NETEM_CORRUPT), &corrupt, sizeof corrupt);
  if (!options.rate) return;
  tc_netem_rate rate{};
  rate.rate = SpecOf(*options.rate).rate;
  PutWideRate(message, CNM_NAMED(TCA_NETEM_RATE64), *options.rate);
  message.Put(CNM_NAMED(TCA_NETEM_RATE), &rate, sizeof rate);
}

void PutOptions(Message&, std::monostate) {}

}  // namespace

std::optional<uint32_t> ParseHandle(std::string_view text) {
  if (text == "root") return TC_H_ROOT;
  if (text == "ingress") return TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
  if (text == "egress") return TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
  const size_t colon = text.find(':');
  uint32_t major, minor;
  if (colon == text.npos || !ParseHalf(text.substr(0, colon), major) || !ParseHalf(text.substr(colon + 1), minor)) {
    return {};
  }
  return TC_H_MAKE(major << 16, minor);
}

std::span<const QdiscKind> QdiscKinds() { return kKinds; }

const QdiscKind* FindQdiscKind(std::string_view name) {
  const auto* found = std::ranges::find(kKinds, name, &QdiscKind::name);
  return found == std::end(kKinds) ? nullptr : found;
}

Refused ApplyQdisc(Place& place, const QdiscOp& op) {
  tcmsg header{};
  if (Refused refusal = ResolveLink(place, op.link, "", header.tcm_ifindex)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  header.tcm_parent = op.parent;
  header.tcm_handle = op.handle;
  const Named type = op.verb == Verb::kDel ? CNM_NAMED(RTM_DELQDISC) : CNM_NAMED(RTM_NEWQDISC);
  Message message(type, FlagsOf(op.verb), header);
  message.PutName(CNM_NAMED(TCA_KIND), op.kind);
  std::visit([&](const auto& options) { PutOptions(message, options); }, op.options);
  return socket->Ask(message);
}

}  // namespace cnm
