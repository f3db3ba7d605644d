// An op of arbitrary settings, within what native/js lets through, and how the kernel answers. Not those that touch
// more than netlink: tun, announce, sysctl, nft, netns.

#include <netlink/msg.h>

#include <cstdlib>

#include "arbitrary.h"
#include "kernel/link_kinds.h"
#include "kernel/program.h"
#include "kernel/xfrm_state.h"
#include "place.h"

using namespace cnm;

namespace {

constexpr size_t kMostRows = 3 * 64;

const LinkKind& KindFrom(Arbitrary& from) {
  const auto kinds = LinkKinds();
  return kinds[from.Count(kinds.size() - 1)];
}

LinkAdd MakeLinkAdd(Arbitrary& from) {
  const LinkKind& kind = KindFrom(from);
  LinkAdd add;
  add.name = from.Text();
  add.kind = kind.name;
  add.mtu = from.MaybeNumber();
  add.group = from.MaybeNumber();
  add.up = from.Flag();
  add.parent = from.MaybeLink();
  if (from.Flag()) add.into = 0;
  add.settings = from.SettingsOf(kind.options);
  if (from.Flag()) {
    add.peer.emplace();
    add.peer->name = from.Text();
    add.peer->mac = from.Mac();
  }
  return add;
}

LinkSet MakeLinkSet(Arbitrary& from) {
  const LinkKind& kind = KindFrom(from);
  LinkSet set;
  set.link = from.Link();
  set.name = from.Maybe([&] { return from.Text(); });
  set.master = from.MaybeLink();
  set.mac = from.Maybe([&] { return from.Mac(); });
  set.mtu = from.MaybeNumber();
  set.alias = from.Maybe([&] { return from.Text(); });
  set.kind = kind.name;
  set.settings = from.SettingsOf(kind.options);
  set.port = from.SettingsOf(PortOptions());
  return set;
}

AddrOp MakeAddr(Arbitrary& from) {
  return {.verb = from.Verb(),
          .link = from.Link(),
          .address = from.Address(),
          .prefix = from.Number<uint8_t>(),
          .peer = from.MaybeAddress(),
          .broadcast = from.MaybeAddress(),
          .label = from.Maybe([&] { return from.Text(); }),
          .scope = from.MaybeNumber(),
          .valid_lifetime = from.MaybeNumber(),
          .preferred_lifetime = from.MaybeNumber()};
}

AddressesOp MakeAddresses(Arbitrary& from) {
  const size_t count = from.Count(kMostRows);
  return {.verb = from.Verb(),
          .count = count,
          .addresses = from.Column(count, from.Width()),
          .prefixes = from.Column(count, 1),
          .links = from.MaybeColumn(count, 4),
          .link = from.MaybeLink()};
}

RouteHop MakeHop(Arbitrary& from) {
  return {.via = from.MaybeAddress(), .link = from.MaybeLink(), .onlink = from.Flag(), .weight = from.MaybeNumber()};
}

RouteOp MakeRoute(Arbitrary& from) {
  return {.verb = from.Verb(),
          .to = from.Address(),
          .prefix = from.Number<uint8_t>(),
          .type = from.MaybeNumber(),
          .via = from.MaybeAddress(),
          .link = from.MaybeLink(),
          .hops = from.Some(300, [&] { return MakeHop(from); }),
          .nexthop_id = from.MaybeNumber(),
          .table = from.MaybeNumber(),
          .metric = from.MaybeNumber(),
          .src = from.MaybeAddress(),
          .mtu = from.MaybeNumber()};
}

RoutesOp MakeRoutes(Arbitrary& from) {
  const size_t count = from.Count(kMostRows);
  const size_t width = from.Width();
  return {.verb = from.Verb(),
          .count = count,
          .tos = from.Column(count, width),
          .prefixes = from.Column(count, 1),
          .vias = from.MaybeColumn(count, width),
          .links = from.MaybeColumn(count, 4),
          .via = from.MaybeAddress(),
          .link = from.MaybeLink(),
          .table = from.MaybeNumber(),
          .metric = from.MaybeNumber()};
}

NeighOp MakeNeigh(Arbitrary& from) {
  const size_t count = from.Count(kMostRows);
  return {.verb = from.Verb(),
          .link = from.Link(),
          .count = count,
          .addresses = from.Column(count, from.Width()),
          .macs = from.MaybeColumn(count, 6),
          .state = from.Number(),
          .proxy = from.Flag(),
          .many = from.Flag()};
}

FdbOp MakeFdb(Arbitrary& from) {
  const size_t count = from.Count(kMostRows);
  return {.verb = from.Verb(),
          .link = from.Link(),
          .count = count,
          .macs = from.Column(count, 6),
          .dsts = from.MaybeColumn(count, from.Width()),
          .vnis = from.MaybeColumn(count, 4),
          .port = from.MaybeNumber(),
          .src_vni = from.MaybeNumber(),
          .vlan = from.MaybeNumber(),
          .nhid = from.MaybeNumber(),
          .via = from.MaybeLink(),
          .many = from.Flag()};
}

NexthopOp MakeNexthop(Arbitrary& from) {
  NexthopOp op{.verb = from.Verb(), .id = from.Number(), .family = from.Family(), .via = from.MaybeAddress()};
  op.link = from.MaybeLink();
  op.group = from.Some(600, [&] { return NexthopMember{.id = from.Number(), .weight = from.MaybeNumber()}; });
  op.resilient = from.Maybe([&] { return Resilience{from.MaybeNumber(), from.MaybeNumber(), from.MaybeNumber()}; });
  return op;
}

RuleOp MakeRule(Arbitrary& from) {
  return {.verb = from.Verb(),
          .family = from.Family(),
          .priority = from.Number(),
          .table = from.Number(),
          .from = from.MaybeAddress(),
          .to = from.MaybeAddress(),
          .iif = from.Maybe([&] { return from.Text(); }),
          .mark = from.MaybeNumber(),
          .suppress_prefix_length = from.MaybeNumber()};
}

TbfOptions MakeTbf(Arbitrary& from) {
  TbfOptions options{.rate = from.Rate(), .burst = from.Number()};
  (from.Flag() ? options.limit : options.latency) = from.Number();
  if (from.Flag()) {
    options.peak_rate = from.Rate();
    options.mtu = from.Number();
  }
  return options;
}

QdiscOp MakeQdisc(Arbitrary& from) {
  QdiscOp op{.verb = from.Verb(), .link = from.Link(), .kind = from.Text(), .parent = from.Number()};
  switch (from.Count(3)) {
    case 1:
      op.options = MakeTbf(from);
      break;
    case 2:
      op.options = HtbOptions{.default_class = from.MaybeNumber(), .r2q = from.MaybeNumber()};
      break;
    case 3:
      op.options = NetemOptions{.delay = from.MaybeNumber(), .jitter = from.MaybeNumber()};
      break;
  }
  return op;
}

TcClassOp MakeTcClass(Arbitrary& from) {
  return {.verb = from.Verb(),
          .link = from.Link(),
          .parent = from.Number(),
          .id = from.Number(),
          .rate = from.Rate(),
          .ceil = from.Maybe([&] { return from.Rate(); }),
          .burst = from.MaybeNumber(),
          .quantum = from.MaybeNumber()};
}

TcFilterOp MakeTcFilter(Arbitrary& from) {
  return {.verb = from.Verb(),
          .link = from.Link(),
          .kind = from.Text(),
          .parent = from.Number(),
          .priority = from.Number(),
          .class_id = from.MaybeNumber(),
          .redirect = from.MaybeLink()};
}

Direction MakeDirection(Arbitrary& from) {
  return {from.MaybeAddress(), from.MaybeAddress(), from.MaybeNumber(), from.MaybeNumber()};
}

ConntrackDel MakeConntrack(Arbitrary& from) {
  return {.family = from.Family(),
          .proto = from.MaybeNumber(),
          .orig = MakeDirection(from),
          .reply = MakeDirection(from),
          .mark = from.MaybeNumber(),
          .zone = from.MaybeNumber()};
}

ConntrackDelMany MakeConntrackMany(Arbitrary& from) {
  const size_t count = from.Count(kMostRows);
  const bool six = from.Flag();
  return {.family = static_cast<uint8_t>(six ? 6 : 4), .count = count, .addresses = from.Column(count, six ? 16 : 4)};
}

VniOp MakeVni(Arbitrary& from) {
  return {.verb = from.Verb(),
          .link = from.Link(),
          .vni = from.Number(),
          .end = from.MaybeNumber(),
          .remote = from.MaybeAddress()};
}

VlanOp MakeVlan(Arbitrary& from) {
  return {.verb = from.Verb(),
          .link = from.Link(),
          .vid = from.Number(),
          .end = from.MaybeNumber(),
          .pvid = from.Flag(),
          .untagged = from.Flag(),
          .self = from.Flag(),
          .master = from.Flag()};
}

XfrmSelector MakeSelector(Arbitrary& from) {
  return {.family = from.Family(),
          .src = from.MaybeAddress(),
          .src_prefix = from.Number<uint8_t>(),
          .dst = from.MaybeAddress(),
          .dst_prefix = from.Number<uint8_t>(),
          .proto = from.MaybeNumber(),
          .sport = from.MaybeNumber(),
          .dport = from.MaybeNumber()};
}

XfrmPolicyOp MakeXfrmPolicy(Arbitrary& from) {
  XfrmPolicyOp op{.verb = from.Verb(), .selector = MakeSelector(from), .dir = from.Number()};
  op.mark = from.MaybeNumber();
  op.tmpls = from.Some(6, [&] { return XfrmTemplate{.src = from.MaybeAddress(), .dst = from.MaybeAddress()}; });
  return op;
}

XfrmPolicyFlush MakeXfrmPolicyFlush(Arbitrary& from) {
  return {.dir = from.MaybeNumber(), .priority = from.MaybeNumber(), .action = from.MaybeNumber()};
}

XfrmAlgorithm MakeAlgorithm(Arbitrary& from) {
  // What the kernel has room for, and native/js lets through.
  return {.name = from.Text().substr(0, MostXfrmName()), .key = from.Bytes(64), .bits = from.MaybeNumber()};
}

XfrmStateOp MakeXfrmState(Arbitrary& from) {
  XfrmStateOp op{.verb = from.Verb(), .dst = from.Address(), .proto = from.Number(), .spi = from.Number()};
  op.mark = from.MaybeNumber();
  op.src = from.Address();
  op.aead = from.Maybe([&] { return MakeAlgorithm(from); });
  op.auth = from.Maybe([&] { return MakeAlgorithm(from); });
  op.enc = from.Maybe([&] { return MakeAlgorithm(from); });
  op.comp = from.Maybe([&] { return from.Text().substr(0, MostXfrmName()); });
  op.replay_window = from.Number() % (MostXfrmReplayWindow() + 1);
  op.flags = from.Number();
  op.extra_flags = from.Number();
  op.output_mark = from.MaybeNumber();
  op.selector = from.Maybe([&] { return MakeSelector(from); });
  op.encap = from.Maybe([&] { return XfrmEncap{from.Number(), from.Number(), from.Number()}; });
  return op;
}

XfrmStateFlush MakeXfrmStateFlush(Arbitrary& from) {
  return {.src = from.MaybeAddress(),
          .dst = from.MaybeAddress(),
          .proto = from.MaybeNumber(),
          .mode = from.MaybeNumber(),
          .reqid = from.MaybeNumber()};
}

WireguardSync MakeWireguard(Arbitrary& from) {
  WireguardSync sync{.link = from.Link(), .private_key = from.Key(), .listen_port = from.Number<uint16_t>()};
  const auto allowed = [&] { return AllowedIp{from.Address(), from.Number<uint8_t>()}; };
  sync.peers = from.Some(100, [&] {
    return WireguardPeer{from.Key(), from.Address(), from.Number<uint16_t>(), from.Some(300, allowed)};
  });
  return sync;
}

template <auto make>
void Put(Arbitrary& from, Op& op) {
  op.step = make(from);
}

constexpr void (*kMakers[])(Arbitrary&, Op&) = {
    Put<MakeLinkAdd>,        Put<MakeLinkSet>,       Put<MakeAddr>,       Put<MakeAddresses>,       Put<MakeRoute>,
    Put<MakeRoutes>,         Put<MakeNeigh>,         Put<MakeFdb>,        Put<MakeNexthop>,         Put<MakeVni>,
    Put<MakeVlan>,           Put<MakeRule>,          Put<MakeQdisc>,      Put<MakeTcClass>,         Put<MakeTcFilter>,
    Put<MakeConntrack>,      Put<MakeConntrackMany>, Put<MakeXfrmPolicy>, Put<MakeXfrmPolicyFlush>, Put<MakeXfrmState>,
    Put<MakeXfrmStateFlush>, Put<MakeWireguard>};

/** One or more whole messages, and nothing else. */
bool IsWhole(const Bytes& request) {
  int left = static_cast<int>(request.size());
  for (const auto* at = reinterpret_cast<const nlmsghdr*>(request.data()); left > 0;) {
    if (!nlmsg_ok(at, left)) return false;
    at = nlmsg_next(const_cast<nlmsghdr*>(at), &left);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<Place> place(&OwnPlace(), [](Place*) {});
  Arbitrary from(data, size);
  Op op;
  kMakers[from.Count(std::size(kMakers) - 1)](from, op);
  const Bytes answer = from.Rest();
  // To the search for a link, and to what is asked then: WireGuard's family, its peers, and changes.
  const Script script({{answer}, {answer}, {answer}, {answer}, {answer}});
  CarryOut({.places = {place}, .ops = {op}}, false);
  for (const Bytes& request : script.requests()) {
    if (!IsWhole(request)) abort();
  }
  return 0;
}
