#include "kernel/xfrm_policy.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "kernel/attributes.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

constexpr Word kDirections[] = {{"in", XFRM_POLICY_IN}, {"out", XFRM_POLICY_OUT}, {"fwd", XFRM_POLICY_FWD}};
constexpr Word kProtocols[] = {{"tcp", IPPROTO_TCP},      {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP},
                               {"dccp", IPPROTO_DCCP},    {"gre", IPPROTO_GRE}, {"icmp", IPPROTO_ICMP},
                               {"icmpv6", IPPROTO_ICMPV6}};
constexpr Word kActions[] = {{"allow", XFRM_POLICY_ALLOW}, {"block", XFRM_POLICY_BLOCK}};
constexpr Word kTransforms[] = {{"esp", IPPROTO_ESP}, {"ah", IPPROTO_AH}, {"comp", IPPROTO_COMP}};
constexpr Word kModes[] = {{"transport", XFRM_MODE_TRANSPORT}, {"tunnel", XFRM_MODE_TUNNEL}};
constexpr Word kLevels[] = {{"required", 0}, {"use", 1}};

/** XFRM_MAX_DEPTH, which no header for user space has. */
constexpr size_t kMostTemplates = 6;

constexpr uint16_t kWholePort = UINT16_MAX;

uint16_t FamilyOf(const XfrmPolicyOp& op) { return op.family == 6 ? AF_INET6 : AF_INET; }

void CopyAddress(const std::optional<Address>& address, xfrm_address_t& out) {
  if (address) memcpy(&out, address->bytes.data(), address->length);
}

std::array<uint8_t, 16> BytesOf(const xfrm_address_t& address) {
  std::array<uint8_t, 16> bytes;
  memcpy(bytes.data(), &address, bytes.size());
  return bytes;
}

void SetPort(const std::optional<uint32_t>& wanted, __be16& port, __be16& mask) {
  if (!wanted) return;
  port = htons(static_cast<uint16_t>(*wanted));
  mask = kWholePort;
}

xfrm_selector SelectorOf(const XfrmPolicyOp& op) {
  xfrm_selector selector{};
  selector.family = FamilyOf(op);
  CopyAddress(op.src, selector.saddr);
  CopyAddress(op.dst, selector.daddr);
  selector.prefixlen_s = op.src_prefix;
  selector.prefixlen_d = op.dst_prefix;
  selector.proto = static_cast<uint8_t>(op.proto.value_or(0));
  SetPort(op.sport, selector.sport, selector.sport_mask);
  SetPort(op.dport, selector.dport, selector.dport_mask);
  return selector;
}

xfrm_user_tmpl TemplateOf(const XfrmPolicyOp& op, const XfrmTemplate& wanted) {
  xfrm_user_tmpl tmpl{};
  CopyAddress(wanted.src, tmpl.saddr);
  CopyAddress(wanted.dst, tmpl.id.daddr);
  const std::optional<Address>& own = wanted.dst ? wanted.dst : wanted.src;
  tmpl.family = own ? (own->length == 16 ? AF_INET6 : AF_INET) : FamilyOf(op);
  tmpl.id.proto = static_cast<uint8_t>(wanted.proto);
  tmpl.id.spi = htonl(wanted.spi.value_or(0));
  tmpl.reqid = wanted.reqid.value_or(0);
  tmpl.mode = static_cast<uint8_t>(wanted.mode);
  tmpl.optional = static_cast<uint8_t>(wanted.optional);
  // Whatever algorithms its states have.
  tmpl.aalgos = tmpl.ealgos = tmpl.calgos = UINT32_MAX;
  return tmpl;
}

void PutMark(Message& message, const XfrmPolicyOp& op) {
  if (!op.mark) return;
  const xfrm_mark mark = {.v = *op.mark, .m = op.mask};
  message.Put(CNM_NAMED(XFRMA_MARK), &mark, sizeof mark);
}

xfrm_userpolicy_info PolicyOf(const XfrmPolicyOp& op) {
  xfrm_userpolicy_info policy{};
  policy.sel = SelectorOf(op);
  policy.lft.soft_byte_limit = policy.lft.hard_byte_limit = XFRM_INF;
  policy.lft.soft_packet_limit = policy.lft.hard_packet_limit = XFRM_INF;
  policy.priority = op.priority.value_or(0);
  policy.dir = static_cast<uint8_t>(op.dir);
  policy.action = static_cast<uint8_t>(op.action);
  return policy;
}

Refused Delete(Socket& socket, const XfrmPolicyOp& op) {
  xfrm_userpolicy_id id{};
  id.sel = SelectorOf(op);
  id.dir = static_cast<uint8_t>(op.dir);
  Message message(CNM_NAMED(XFRM_MSG_DELPOLICY), 0, id);
  PutMark(message, op);
  return socket.Ask(message);
}

Refused Put(Socket& socket, const XfrmPolicyOp& op) {
  const Named type = op.verb == Verb::kAdd ? CNM_NAMED(XFRM_MSG_NEWPOLICY) : CNM_NAMED(XFRM_MSG_UPDPOLICY);
  Message message(type, 0, PolicyOf(op));
  std::vector<xfrm_user_tmpl> tmpls;
  for (const XfrmTemplate& each : op.tmpls) tmpls.push_back(TemplateOf(op, each));
  if (!tmpls.empty()) message.Put(CNM_NAMED(XFRMA_TMPL), tmpls.data(), tmpls.size() * sizeof(xfrm_user_tmpl));
  PutMark(message, op);
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
  const auto [mark, size] = attributes.Raw(XFRMA_MARK);
  if (size >= static_cast<int>(sizeof(xfrm_mark))) {
    row.mark = static_cast<const xfrm_mark*>(mark)->v;
    row.mask = static_cast<const xfrm_mark*>(mark)->m;
  }
  DecodeTemplates(attributes, row);
  return row;
}

}  // namespace

size_t MostXfrmTemplates() { return kMostTemplates; }

std::span<const Word> XfrmDirections() { return kDirections; }

std::span<const Word> XfrmProtocols() { return kProtocols; }

bool HasXfrmPorts(uint32_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

std::span<const Word> XfrmActions() { return kActions; }

std::span<const Word> XfrmTransforms() { return kTransforms; }

std::span<const Word> XfrmModes() { return kModes; }

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
