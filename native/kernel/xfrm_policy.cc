#include "kernel/xfrm_policy.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include "kernel/attributes.h"
#include "kernel/read_table.h"
#include "kernel/xfrm.h"

namespace cnm {

namespace {

constexpr Word kDirections[] = {{"in", XFRM_POLICY_IN}, {"out", XFRM_POLICY_OUT}, {"fwd", XFRM_POLICY_FWD}};
constexpr Word kActions[] = {{"allow", XFRM_POLICY_ALLOW}, {"block", XFRM_POLICY_BLOCK}};
constexpr Word kPolicyFlags[] = {{"localok", XFRM_POLICY_LOCALOK}, {"icmp", XFRM_POLICY_ICMP}};
constexpr Word kLevels[] = {{"required", 0}, {"use", 1}};

/** XFRM_MAX_DEPTH, which no header for user space has. */
constexpr size_t kMostTemplates = 6;

xfrm_user_tmpl TemplateOf(const XfrmPolicyOp& op, const XfrmTemplate& wanted) {
  xfrm_user_tmpl tmpl{};
  CopyAddress(wanted.src, tmpl.saddr);
  CopyAddress(wanted.dst, tmpl.id.daddr);
  const std::optional<Address>& own = wanted.dst ? wanted.dst : wanted.src;
  tmpl.family = own ? (own->length == 16 ? AF_INET6 : AF_INET) : SelectorOf(op.selector).family;
  tmpl.id.proto = static_cast<uint8_t>(wanted.proto);
  tmpl.id.spi = htonl(wanted.spi.value_or(0));
  tmpl.reqid = wanted.reqid.value_or(0);
  tmpl.mode = static_cast<uint8_t>(wanted.mode);
  tmpl.optional = static_cast<uint8_t>(wanted.optional);
  // Whatever algorithms its states have.
  tmpl.aalgos = tmpl.ealgos = tmpl.calgos = UINT32_MAX;
  return tmpl;
}

/** What a policy is known by, beside its selector and direction. */
void PutIdentity(Message& message, const XfrmPolicyOp& op) {
  PutMark(message, op.mark, op.mask);
  if (op.if_id) message.PutU32(CNM_NAMED(XFRMA_IF_ID), *op.if_id);
}

xfrm_userpolicy_info PolicyOf(const XfrmPolicyOp& op) {
  xfrm_userpolicy_info policy{};
  policy.sel = SelectorOf(op.selector);
  policy.lft = LifetimeOf(op.limits);
  policy.priority = op.priority.value_or(0);
  policy.dir = static_cast<uint8_t>(op.dir);
  policy.action = static_cast<uint8_t>(op.action);
  policy.flags = static_cast<uint8_t>(op.flags);
  return policy;
}

Refused Delete(Socket& socket, const XfrmPolicyOp& op) {
  xfrm_userpolicy_id id{};
  id.sel = SelectorOf(op.selector);
  id.dir = static_cast<uint8_t>(op.dir);
  Message message(CNM_NAMED(XFRM_MSG_DELPOLICY), 0, id);
  PutIdentity(message, op);
  return socket.Ask(message);
}

Refused Put(Socket& socket, const XfrmPolicyOp& op) {
  const Named type = op.verb == Verb::kAdd ? CNM_NAMED(XFRM_MSG_NEWPOLICY) : CNM_NAMED(XFRM_MSG_UPDPOLICY);
  Message message(type, 0, PolicyOf(op));
  std::vector<xfrm_user_tmpl> tmpls;
  for (const XfrmTemplate& each : op.tmpls) tmpls.push_back(TemplateOf(op, each));
  if (!tmpls.empty()) message.Put(CNM_NAMED(XFRMA_TMPL), tmpls.data(), tmpls.size() * sizeof(xfrm_user_tmpl));
  PutIdentity(message, op);
  return socket.Ask(message);
}

void DecodeTemplates(const Attributes& attributes, XfrmPolicyRow& row) {
  const auto [data, size] = attributes.Raw(XFRMA_TMPL);
  row.tmpls = static_cast<uint8_t>(static_cast<size_t>(size) / sizeof(xfrm_user_tmpl));
  if (row.tmpls == 0) return;
  const auto& first = *static_cast<const xfrm_user_tmpl*>(data);
  row.tmpl_family = VersionOf(first.family);
  row.tmpl_src = BytesOf(first.saddr);
  row.tmpl_dst = BytesOf(first.id.daddr);
  row.tmpl_proto = first.id.proto;
  row.tmpl_spi = ntohl(first.id.spi);
  row.tmpl_reqid = first.reqid;
  row.tmpl_mode = first.mode;
  row.tmpl_optional = first.optional;
}

XfrmPolicyRow RowOf(const xfrm_userpolicy_info& policy, const Attributes& attributes) {
  XfrmPolicyRow row;
  const xfrm_selector& selector = policy.sel;
  row.family = VersionOf(selector.family);
  row.dir = policy.dir;
  row.src = BytesOf(selector.saddr);
  row.src_prefix = selector.prefixlen_s;
  row.dst = BytesOf(selector.daddr);
  row.dst_prefix = selector.prefixlen_d;
  row.proto = selector.proto;
  row.sport = ntohs(selector.sport);
  row.dport = ntohs(selector.dport);
  row.priority = policy.priority;
  row.action = policy.action;
  row.index = policy.index;
  const xfrm_mark mark = MarkIn(attributes);
  row.mark = mark.v;
  row.mask = mark.m;
  row.if_id = attributes.U32(XFRMA_IF_ID);
  DecodeTemplates(attributes, row);
  return row;
}

}  // namespace

size_t MostXfrmTemplates() { return kMostTemplates; }

std::span<const Word> XfrmDirections() { return kDirections; }

std::span<const Word> XfrmActions() { return kActions; }

std::span<const Word> XfrmPolicyFlags() { return kPolicyFlags; }

std::span<const Word> XfrmLevels() { return kLevels; }

Refused ApplyXfrmPolicy(Place& place, const XfrmPolicyOp& op) {
  Socket* socket;
  if (Refused refusal = place.Xfrm(socket)) return refusal;
  return op.verb == Verb::kDel ? Delete(*socket, op) : Put(*socket, op);
}

Table<XfrmPolicyRow> DumpXfrmPolicies(Place& place, const Filter&) {
  Message message(CNM_NAMED(XFRM_MSG_GETPOLICY), NLM_F_DUMP, xfrm_userpolicy_id{});
  return ReadTable<XfrmPolicyRow>(place, &Place::DumpXfrm, message,
                                  [](const nlmsghdr* reply, Columns<XfrmPolicyRow>& columns) {
                                    const auto policy = HeaderIn<xfrm_userpolicy_info>(reply);
                                    if (policy) columns.Add(RowOf(*policy, Attributes(reply, sizeof *policy)));
                                  });
}

}  // namespace cnm
