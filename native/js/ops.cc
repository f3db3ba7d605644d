#include "js/ops.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "js/announce_ops.h"
#include "js/conntrack_ops.h"
#include "js/errors.h"
#include "js/fields.h"
#include "js/globals.h"
#include "js/link_ops.h"
#include "js/nexthop_ops.h"
#include "js/qdisc_ops.h"
#include "js/route_ops.h"
#include "js/row_ops.h"
#include "js/vlan_ops.h"
#include "js/wireguard_ops.h"
#include "js/xfrm_policy_ops.h"
#include "js/xfrm_state_ops.h"

namespace cnm {

namespace {

bool IsSysctlPath(std::string_view path) {
  return path.starts_with("net/") && path != "net/" && path.find("/../") == std::string_view::npos &&
         !path.ends_with("/..");
}

void ReadSysctl(Fields& fields, SysctlOp& op) {
  fields.Required("path", op.path);
  if (!IsSysctlPath(op.path)) fields.Fail("path", "a path below net/");
  fields.Required("value", op.value);
}

void ReadNft(Fields& fields, NftOp& op) {
  const Napi::Value commands = fields.Get("commands");
  if (!fields.ok()) return;
  if (!commands.IsArray()) return fields.Fail("commands", "an array");
  NftDocument(commands, op.commands);
}

/** Of a link. */
constexpr size_t kLongestName = 15;

void ReadNftGet(Fields& fields, NftGetOp& op) {
  fields.Required("table", op.table);
  fields.Required("set", op.set);
  fields.Required("ifname", op.ifname);
  if (fields.ok() && (op.ifname.empty() || op.ifname.size() > kLongestName)) fields.Fail("ifname", "1 to 15 bytes");
}

/** Of 'fdb.addMany' it is add. */
Verb VerbOf(std::string_view kind) {
  const std::string_view verb = kind.substr(kind.rfind('.') + 1);
  if (verb.starts_with("add")) return Verb::kAdd;
  if (verb.starts_with("replace")) return Verb::kReplace;
  return verb.starts_with("append") ? Verb::kAppend : Verb::kDel;
}

bool IsOneOf(std::string_view kind, std::string_view table, std::initializer_list<std::string_view> verbs) {
  if (!kind.starts_with(table)) return false;
  return std::ranges::find(verbs, kind.substr(table.size())) != verbs.end();
}

template <typename T>
T& Become(Op& op) {
  return op.step.emplace<T>();
}

bool ReadOp(const Napi::Value& value, const std::string& where, const Places& places, Op& op) {
  Fields fields(value, where);
  std::string kind;
  fields.Required("op", kind);
  std::optional<size_t> at;
  ReadAt(fields, "at", places, at);
  op.at = at.value_or(0);
  if (!fields.ok()) return false;
  if (places.empty()) {
    fields.Fail("at", "a namespace's number, but there are no namespaces");
  } else if (kind == "link.add") {
    ReadLinkAdd(fields, places, op);
  } else if (kind == "link.set") {
    ReadLinkSet(fields, places, op);
  } else if (kind == "link.del") {
    ReadLinkDel(fields, op);
  } else if (IsOneOf(kind, "addr.", {"add", "replace", "del"})) {
    ReadAddress(fields, VerbOf(kind), Become<AddrOp>(op));
  } else if (IsOneOf(kind, "addr.", {"addMany", "replaceMany", "delMany"})) {
    ReadAddresses(fields, VerbOf(kind), Become<AddressesOp>(op));
  } else if (IsOneOf(kind, "route.", {"add", "replace", "del"})) {
    ReadRoute(fields, VerbOf(kind), Become<RouteOp>(op));
  } else if (IsOneOf(kind, "route.", {"addMany", "replaceMany", "delMany"})) {
    ReadRoutes(fields, VerbOf(kind), Become<RoutesOp>(op));
  } else if (IsOneOf(kind, "neigh.", {"add", "replace", "del"})) {
    ReadNeighbour(fields, VerbOf(kind), Become<NeighOp>(op));
  } else if (IsOneOf(kind, "neigh.", {"addMany", "replaceMany", "delMany"})) {
    ReadNeighbours(fields, VerbOf(kind), Become<NeighOp>(op));
  } else if (IsOneOf(kind, "fdb.", {"add", "replace", "append", "del"})) {
    ReadForwarding(fields, VerbOf(kind), Become<FdbOp>(op));
  } else if (IsOneOf(kind, "fdb.", {"addMany", "replaceMany", "appendMany", "delMany"})) {
    ReadForwardings(fields, VerbOf(kind), Become<FdbOp>(op));
  } else if (IsOneOf(kind, "nexthop.", {"add", "replace", "del"})) {
    ReadNexthop(fields, VerbOf(kind), Become<NexthopOp>(op));
  } else if (IsOneOf(kind, "vni.", {"add", "del"})) {
    ReadVni(fields, VerbOf(kind), Become<VniOp>(op));
  } else if (IsOneOf(kind, "vlan.", {"add", "del"})) {
    ReadVlan(fields, VerbOf(kind), Become<VlanOp>(op));
  } else if (kind == "rule.add" || kind == "rule.del") {
    ReadRule(fields, VerbOf(kind), Become<RuleOp>(op));
  } else if (IsOneOf(kind, "qdisc.", {"add", "replace", "del"})) {
    ReadQdisc(fields, VerbOf(kind), Become<QdiscOp>(op));
  } else if (IsOneOf(kind, "class.", {"add", "replace", "del"})) {
    ReadTcClass(fields, VerbOf(kind), Become<TcClassOp>(op));
  } else if (kind == "filter.add" || kind == "filter.del") {
    ReadTcFilter(fields, VerbOf(kind), Become<TcFilterOp>(op));
  } else if (kind == "announce") {
    ReadAnnounce(fields, Become<AnnounceOp>(op));
  } else if (kind == "conntrack.del") {
    ReadConntrackDel(fields, Become<ConntrackDel>(op));
  } else if (kind == "conntrack.delMany") {
    ReadConntrackDelMany(fields, Become<ConntrackDelMany>(op));
  } else if (IsOneOf(kind, "xfrm.policy.", {"add", "replace", "del"})) {
    ReadXfrmPolicy(fields, VerbOf(kind), Become<XfrmPolicyOp>(op));
  } else if (kind == "xfrm.policy.flush") {
    ReadXfrmPolicyFlush(fields, Become<XfrmPolicyFlush>(op));
  } else if (IsOneOf(kind, "xfrm.state.", {"add", "replace", "del"})) {
    ReadXfrmState(fields, VerbOf(kind), Become<XfrmStateOp>(op));
  } else if (kind == "xfrm.state.flush") {
    ReadXfrmStateFlush(fields, Become<XfrmStateFlush>(op));
  } else if (kind == "wireguard.sync") {
    ReadWireguardSync(fields, Become<WireguardSync>(op));
  } else if (kind == "sysctl") {
    ReadSysctl(fields, Become<SysctlOp>(op));
  } else if (kind == "nft") {
    ReadNft(fields, Become<NftOp>(op));
  } else if (kind == "nft.get") {
    ReadNftGet(fields, Become<NftGetOp>(op));
  } else if (kind == "netns.add" || kind == "netns.del") {
    Become<NetnsOp>(op).verb = VerbOf(kind);
    if (!places[op.at]->HasPath()) fields.Fail("at", "the number of a namespace with a path");
  } else {
    fields.Fail("op", "the name of an op; this is '" + kind + "'");
  }
  return CanGoOn(value.Env());
}

}  // namespace

bool ReadOps(const Napi::Value& value, const Places& places, std::vector<Op>& ops) {
  if (!value.IsArray()) {
    ThrowInvalid(value.Env(), "ops: expected an array");
    return false;
  }
  const auto array = value.As<Napi::Array>();
  ops.resize(array.Length());
  for (uint32_t i = 0; i < ops.size(); i++) {
    const Napi::HandleScope scope(value.Env());
    const Napi::Value op = array.Get(i);
    if (op.IsEmpty() || !ReadOp(op, "ops[" + std::to_string(i) + "]", places, ops[i])) return false;
  }
  return true;
}

bool CheckSysctlPath(Napi::Env env, const std::string& path) {
  if (IsSysctlPath(path)) return true;
  ThrowInvalid(env, "path: expected a path below net/");
  return false;
}

bool NftDocument(const Napi::Value& commands, std::string& json) {
  const Napi::Env env = commands.Env();
  Napi::Object document = Napi::Object::New(env);
  document.Set("nftables", commands);
  const Napi::Value text = CallGlobal(env, "JSON", "stringify", {document});
  // What JSON cannot say, a bigint or a cycle, has been thrown.
  if (text.IsEmpty()) return false;
  json = text.As<Napi::String>();
  return true;
}

}  // namespace cnm
