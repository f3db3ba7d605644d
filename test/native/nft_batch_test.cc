#include "kernel/nft_batch.h"

#include <doctest/doctest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cerrno>

#include "space.h"

using namespace cnm;

namespace {

std::string Document(const std::string& commands) { return R"({"nftables": [)" + commands + "]}"; }

constexpr char kTable[] = R"({"add": {"table": {"family": "inet", "name": "t"}}})";

std::string InTable(const std::string& verb, const std::string& object, const std::string& fields) {
  return "{\"" + verb + "\": {\"" + object + R"(": {"family": "inet", "table": "t", )" + fields + "}}}";
}

std::string Rule(const std::string& statements) {
  return InTable("add", "rule", R"("chain": "c", "expr": [)" + statements + "]");
}

std::string Match(const std::string& op, const std::string& left, const std::string& right) {
  return R"({"match": {"op": ")" + op + R"(", "left": )" + left + R"(, "right": )" + right + "}}";
}

constexpr char kProtocolAndPort[] =
    R"({"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}})";

/** Where a packet of that family goes by two maps. */
std::string Redirected(const std::string& number, const std::string& protocol) {
  const std::string key =
      R"({"concat": [{"payload": {"protocol": ")" + protocol + R"(", "field": "daddr"}}, )" + kProtocolAndPort + "]}";
  const auto by = [&](const std::string& map) {
    return R"({"map": {"key": )" + key + R"(, "data": "@)" + map + number + R"("}})";
  };
  return Match("==", R"({"meta": {"key": "nfproto"}})", "\"ipv" + number + "\"") + R"(, {"dnat": {"family": ")" +
         protocol + R"(", "addr": )" + by("address") + R"(, "port": )" + by("port") + "}}";
}

std::string Payload(const std::string& protocol, const std::string& field) {
  return R"({"payload": {"protocol": ")" + protocol + R"(", "field": ")" + field + R"("}})";
}

/** The link and the subnet that a packet comes from. */
std::string FromSubnet(const std::string& link, const std::string& protocol, const std::string& mask) {
  return R"({"concat": [{"meta": {"key": ")" + link + R"("}}, {"&": [)" + Payload(protocol, "saddr") + R"(, ")" + mask +
         R"("]}]})";
}

/** By the address that a map has for its link. */
std::string Leaving(const std::string& protocol, const std::string& map) {
  return R"({"snat": {"family": ")" + protocol +
         R"(", "addr": {"map": {"key": {"meta": {"key": "iifname"}}, "data": ")" + map + R"("}}}})";
}

std::string Prefix(const std::string& address, int length) {
  return R"({"prefix": {"addr": ")" + address + R"(", "len": )" + std::to_string(length) + "}}";
}

/** All words that we have, each in a document of its own. */
std::vector<std::string> Vocabulary() {
  const std::string links = R"("name": "links", "type": "ifname")";
  const std::string sources = R"("name": "sources4", "type": "ifname", "map": "ipv4_addr")";
  const std::string pairs = R"("name": "pairs", "type": ["ifname", "ifname", "nf_proto"])";
  const std::string subnets = R"("name": "subnets", "type": ["ifname", "ipv4_addr"])";
  const std::string subnets6 = R"("name": "subnets6", "type": ["ifname", "ipv6_addr"])";
  const std::string addresses =
      R"("name": "address4", "type": ["ipv4_addr", "inet_proto", "inet_service"], "map": "ipv4_addr")";
  const std::string ports =
      R"("name": "port6", "type": ["ipv6_addr", "inet_proto", "inet_service"], "map": "inet_service")";
  const std::string meta = R"({"meta": {"key": ")";
  std::vector<std::string> documents = {
      kTable,
      InTable("add", "set", links),
      InTable("add", "set", R"("name": "addresses", "type": "ipv6_addr")"),
      InTable("add", "set", R"("name": "direct", "type": ["ipv4_addr", "inet_proto", "inet_service"])"),
      InTable("add", "map", sources),
      InTable("add", "map", R"("name": "sources6", "type": "ifname", "map": "ipv6_addr")"),
      InTable("add", "set", pairs),
      InTable("add", "set", subnets),
      InTable("add", "set", subnets6),
      InTable("add", "map", addresses),
      InTable("add", "map",
              R"("name": "port4", "type": ["ipv4_addr", "inet_proto", "inet_service"], "map": "inet_service")"),
      InTable("add", "map",
              R"("name": "address6", "type": ["ipv6_addr", "inet_proto", "inet_service"], "map": "ipv6_addr")"),
      InTable("add", "map", ports),
      InTable("add", "map", R"("name": "byport", "type": "inet_service", "map": "inet_proto")"),
      InTable("add", "chain", R"("name": "c")"),
      InTable("add", "chain", R"("name": "out")"),
      InTable("add", "element", sources + R"(, "elem": [["eth0", "192.0.2.1"]])"),
      InTable("add", "element", pairs + R"(, "elem": [{"concat": ["eth0", "br\\*", "ipv6"]}])"),
      InTable("add", "element", subnets + R"(, "elem": [{"concat": ["br0", "172.18.0.0"]}])"),
      InTable("add", "element", subnets6 + R"(, "elem": [{"concat": ["br0", "fd00:18::"]}])"),
      InTable("add", "element", links + R"(, "elem": ["br\\*"])"),
      InTable("add", "element", R"("name": "addresses", "type": "ipv6_addr", "elem": ["fd00::1"])"),
      InTable(
          "add", "element",
          R"("name": "direct", "type": ["ipv4_addr", "inet_proto", "inet_service"], "elem": [{"concat": ["192.0.2.1", "sctp", 65535]}])"),
      InTable("add", "element", addresses + R"(, "elem": [[{"concat": ["192.0.2.1", "udp", 53]}, "10.0.0.1"]])"),
      InTable("add", "element", ports + R"(, "elem": [[{"concat": ["fd00::1", "tcp", 0]}, 80]])"),
      InTable("add", "element",
              R"("name": "byport", "type": "inet_service", "map": "inet_proto", "elem": [[80, "tcp"]])"),
  };
  const std::string hooks[] = {"prerouting", "input", "forward", "output", "postrouting"};
  for (const std::string& hook : hooks) {
    documents.push_back(InTable("add", "chain",
                                R"("name": "f)" + hook + R"(", "type": "filter", "hook": ")" + hook +
                                    R"(", "prio": -300, "policy": "accept")"));
  }
  documents.push_back(
      InTable("add", "chain", R"("name": "n", "type": "nat", "hook": "output", "prio": 100, "policy": "drop")"));
  documents.push_back(
      InTable("add", "chain", R"("name": "r", "type": "route", "hook": "output", "prio": 0, "policy": "accept")"));
  const std::string statements[] = {
      R"({"accept": null})",
      R"({"drop": null})",
      R"({"return": null})",
      R"({"jump": {"target": "out"}})",
      R"({"masquerade": null})",
      Match("==", meta + R"(iifname"}})", R"("br0")"),
      Match("!=", meta + R"(oifname"}})", R"("br\\*")"),
      Match("==", meta + R"(iifname"}})", R"("@links")"),
      Match("!=", meta + R"(oifname"}})", R"("@links")"),
      Match("==", meta + R"(nfproto"}})", R"("ipv6")"),
      Match("==", meta + R"(l4proto"}})", R"("icmp")"),
      Match("!=", meta + R"(l4proto"}})", R"("ipv6-icmp")"),
      Match("==", Payload("th", "sport"), "53"),
      Match("==", Payload("ip6", "saddr"), R"("@addresses")"),
      Match("==", R"({"fib": {"result": "type", "flags": ["daddr"]}})", R"("local")"),
      Match("in", R"({"ct": {"key": "state"}})", R"(["established", "related"])"),
      Match("in", R"({"ct": {"key": "state"}})", R"(["invalid", "new", "untracked"])"),
      Match("in", R"({"ct": {"key": "status"}})", R"(["dnat"])"),
      Match("in", R"({"ct": {"key": "status"}})", R"(["snat", "dnat"])"),
      Match("!=", R"({"concat": [)" + meta + R"(iifname"}}, )" + meta + R"(oifname"}}, )" + meta + R"(nfproto"}}]})",
            R"("@pairs")"),
      Match("==", FromSubnet("iifname", "ip", "255.255.240.0"), R"("@subnets")"),
      Match("!=", FromSubnet("oifname", "ip", "255.255.0.0"), R"("@subnets")"),
      Match("==", FromSubnet("iifname", "ip6", "ffff:ffff:ffff:fff8::"), R"("@subnets6")"),
      Match("==", R"({"concat": [)" + Payload("ip", "daddr") + ", " + kProtocolAndPort + "]}", R"("@direct")"),
      Redirected("4", "ip"),
      Redirected("6", "ip6"),
      Match("==", Payload("ip", "saddr"), Prefix("10.0.0.0", 8)) + ", " + Leaving("ip", "@sources4"),
      Match("==", Payload("ip6", "saddr"), R"("::1")") + ", " + Leaving("ip6", "@sources6"),
      Match("!=", Payload("ip", "daddr"), R"("127.0.0.1")") + ", " +
          Match("==", Payload("ip", "saddr"), Prefix("172.16.0.0", 12)),
      Match("==", Payload("ip", "saddr"), Prefix("172.18.0.0", 16)),
      Match("==", Payload("ip", "saddr"), Prefix("172.18.3.0", 24)),
      Match("==", Payload("ip", "saddr"), Prefix("172.18.3.1", 32)),
      Match("==", Payload("ip", "daddr"), Prefix("128.0.0.0", 1)),
      Match("==", Payload("ip6", "daddr"), Prefix("fd00:1:2::", 48)),
      Match("==", Payload("ip6", "saddr"), Prefix("fd00:1:2:8::", 61)),
      Match("==", Payload("ip6", "saddr"), Prefix("fd00::1", 128)),
  };
  for (const std::string& each : statements) documents.push_back(Rule(each));
  return documents;
}

/** What the kernel has of a kind, message by message, without what differs between two moments. */
std::string Dump(Place& place, int type, bool of_set = false, const std::string& set = "") {
  const Named request = {.value = NFNL_SUBSYS_NFTABLES << 8 | type, .name = "nft"};
  Message message(request, NLM_F_DUMP, nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
  if (of_set) {
    message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_TABLE), "t");
    message.PutName(CNM_NAMED(NFTA_SET_ELEM_LIST_SET), set);
  }
  std::string all;
  const Refused refusal = place.DumpNetfilter(
      message,
      [&](const nlmsghdr* reply) {
        const auto* data = static_cast<const char*>(nlmsg_data(reply));
        all.append(data + sizeof(nfgenmsg), static_cast<size_t>(nlmsg_datalen(reply)) - sizeof(nfgenmsg));
      },
      [&] { all.clear(); });
  REQUIRE_FALSE(refusal);
  return all;
}

std::vector<std::string> Ruleset(Place& place) {
  std::vector<std::string> all;
  for (const int type : {NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET}) {
    all.push_back(Dump(place, type));
  }
  for (const char* set :
       {"links", "addresses", "direct", "pairs", "subnets", "subnets6", "sources4", "address4", "port6", "byport"}) {
    all.push_back(Dump(place, NFT_MSG_GETSETELEM, true, set));
  }
  return all;
}

Refused Ours(Place& place, const std::string& document) {
  auto batch = NftBatch::Of(document);
  REQUIRE(batch);
  Socket* socket = nullptr;
  REQUIRE_FALSE(place.Netfilter(socket));
  return batch->Send(*socket);
}

}  // namespace

TEST_SUITE_BEGIN("nft batch");

TEST_CASE("what it makes is to the byte what libnftables makes") {
  Space ours, theirs;
  for (const std::string& each : Vocabulary()) {
    CAPTURE(each);
    std::string output;
    REQUIRE_FALSE(Ours(*ours, Document(each)));
    REQUIRE_FALSE(theirs->RunNft(Document(each), output));
  }
  CHECK_EQ(Ruleset(*ours), Ruleset(*theirs));
  CHECK_EQ(ours.Look("nft list ruleset"), theirs.Look("nft list ruleset"));
  CHECK_NE(ours.Look("nft list ruleset"), "");
}

TEST_CASE("takes all of it away again") {
  Space space;
  std::string made;
  for (const std::string& each : Vocabulary()) made += (made.empty() ? "" : ", ") + each;
  REQUIRE_FALSE(Ours(*space, Document(made)));
  const std::string before = space.Look("nft list ruleset");
  CHECK_FALSE(Ours(
      *space,
      Document(InTable("flush", "chain", R"("name": "c")") + ", " + InTable("flush", "map", R"("name": "sources4")") +
               ", " + InTable("delete", "element", R"("name": "links", "type": "ifname", "elem": ["br\\*"])") + ", " +
               InTable("delete", "chain", R"("name": "out")") + ", " + InTable("delete", "set", R"("name": "direct")") +
               ", " + InTable("delete", "map", R"("name": "address4")"))));
  CHECK_EQ(
      space.Look("nft list chain inet t c; nft list map inet t sources4; nft list set inet t links"),
      "table inet t {\n\tchain c {\n\t}\n}\ntable inet t {\n\tmap sources4 {\n\t\ttype ifname : ipv4_addr\n\t}\n}\n"
      "table inet t {\n\tset links {\n\t\ttype ifname\n\t}\n}\n");
  CHECK_EQ(space.Look("nft list ruleset | grep -c 'direct\\|address4\\|chain out'"), "0\n");
  CHECK_NE(before, "");
  CHECK_FALSE(Ours(*space, Document(R"({"delete": {"table": {"family": "inet", "name": "t"}}})")));
  CHECK_EQ(space.Look("nft list ruleset"), "");
}

TEST_CASE("has as many elements as there are") {
  Space space;
  constexpr int kMany = 5000;
  std::string elements;
  for (int n = 0; n < kMany; n++) elements += (n ? ", " : "") + std::to_string(n);
  const std::string ports = R"("name": "ports", "type": "inet_service")";
  REQUIRE_FALSE(Ours(*space, Document(std::string(kTable) + ", " + InTable("add", "set", ports) + ", " +
                                      InTable("add", "element", ports + R"(, "elem": [)" + elements + "]"))));
  CHECK_EQ(space.Look("nft list set inet t ports | tr -cs '0-9' '\\n' | grep -c ."), std::to_string(kMany) + "\n");
}

TEST_CASE("is refused as a whole, and says which command it was, why, and for what") {
  Space space;
  const std::string other = InTable("add", "chain", R"("name": "c")");
  const Refused missing =
      Ours(*space, Document(std::string(kTable) + ", " + other + ", " + InTable("flush", "chain", R"("name": "none")") +
                            ", " + InTable("delete", "chain", R"("name": "none")")));
  REQUIRE(missing);
  CHECK_EQ(missing->error, -ENOENT);
  CHECK_EQ(missing->request, "nft");
  CHECK_EQ(missing->command, 2);
  CHECK_EQ(missing->attribute, "NFTA_RULE_CHAIN");
  CHECK_EQ(space.Look("nft list ruleset"), "");
  CHECK_FALSE(Ours(*space, Document(kTable)));
}

TEST_CASE("an element of a map that leads elsewhere is refused, one that is there is not") {
  Space space;
  const std::string map = R"("name": "m", "type": "inet_service", "map": "ipv4_addr")";
  const auto element = [&](const std::string& verb, const std::string& to) {
    return Document(InTable(verb, "element", map + R"(, "elem": [[80, ")" + to + R"("]])"));
  };
  REQUIRE_FALSE(Ours(*space, Document(std::string(kTable) + ", " + InTable("add", "map", map))));
  CHECK_FALSE(Ours(*space, element("add", "10.0.0.1")));
  CHECK_FALSE(Ours(*space, element("add", "10.0.0.1")));
  const Refused elsewhere = Ours(*space, element("add", "10.0.0.2"));
  REQUIRE(elsewhere);
  CHECK_EQ(elsewhere->error, -EEXIST);
  CHECK_FALSE(Ours(*space, element("delete", "10.0.0.1")));
  const Refused gone = Ours(*space, element("delete", "10.0.0.1"));
  REQUIRE(gone);
  CHECK_EQ(gone->error, -ENOENT);
}

TEST_CASE("what it has no words for is left to libnftables") {
  const std::string links = R"("name": "links", "type": "ifname")";
  const std::string rules[] = {
      R"({"accept": {}})",
      R"({"counter": null})",
      R"({"jump": {"target": "c", "also": 1}})",
      R"({"masquerade": {"flags": "random"}})",
      Match("==", R"({"meta": {"key": "iifname"}})", R"("br*")"),
      Match("==", R"({"meta": {"key": "iifname"}})", R"("a-name-of-16-chr")"),
      Match("<", R"({"meta": {"key": "iifname"}})", R"("br0")"),
      Match("==", R"({"meta": {"key": "iif"}})", R"("br0")"),
      Match("==", R"({"ct": {"key": "state"}})", R"("new")"),
      Match("in", R"({"ct": {"key": "state"}})", R"([])"),
      Match("==", Payload("ip", "saddr"), R"("localhost")"),
      Match("==", Payload("ip", "saddr"), Prefix("10.0.0.1", 8)),
      Match("==", Payload("ip", "saddr"), Prefix("10.0.0.0", 0)),
      Match("==", Payload("ip", "saddr"), Prefix("10.0.0.0", 33)),
      Match("==", Payload("ip", "saddr"), R"("10.0.0.1")") + ", " + Match("==", Payload("ip6", "saddr"), R"("::1")"),
      Match("==", Payload("ip", "saddr"), R"("10.0.0.1")") + ", " +
          Match("==", R"({"meta": {"key": "nfproto"}})", R"("ipv4")"),
      R"({"snat": {"family": "ip", "addr": "10.0.0.1"}})",
      Leaving("ip", "@sources4"),
      Match("==", Payload("ip", "saddr"), R"("10.0.0.1")") + ", " + Leaving("ip", "sources4"),
      R"({"vmap": {"key": {"meta": {"key": "iifname"}}, "data": "@verdicts"}})",
      Match("==", R"({"&": [{"meta": {"key": "iifname"}}, "br0"]})", R"("@links")"),
      Match("==", FromSubnet("iifname", "ip", "255.255.0"), R"("@subnets")"),
      Match("==", R"({"&": [)" + Payload("ip", "saddr") + R"(, "255.0.0.0"]})", R"("10.0.0.0")"),
  };
  for (const std::string& rule : rules) {
    CAPTURE(rule);
    CHECK_FALSE(NftBatch::Of(Document(Rule(rule))));
  }
  const std::string commands[] = {
      R"({"add": {"table": {"family": "ip", "name": "t"}}})",
      R"({"create": {"table": {"family": "inet", "name": "t"}}})",
      R"({"flush": {"table": {"family": "inet", "name": "t"}}})",
      R"({"list": {"tables": {}}})",
      R"({"add": {"table": {"family": "inet", "name": "t", "flags": "dormant"}}})",
      InTable("add", "set", links + R"(, "flags": ["interval"])"),
      InTable("add", "set", R"("name": "marks", "type": "mark")"),
      InTable("add", "map", R"("name": "verdicts", "type": "ifname", "map": "verdict")"),
      InTable("add", "chain", R"("name": "c", "type": "filter", "hook": "ingress", "prio": 0, "policy": "accept")"),
      InTable("add", "element", R"("name": "links", "elem": ["br0"])"),
      InTable("add", "element", links + R"(, "elem": [])"),
      InTable("add", "element", R"("name": "ports", "type": "inet_service", "elem": ["http"])"),
      InTable("add", "element", R"("name": "ports", "type": "inet_service", "elem": [65536])"),
      InTable("add", "element", R"("name": "ports", "type": "inet_service", "elem": [1.5])"),
      InTable("add", "element",
              R"("name": "ports", "type": ["inet_service", "inet_proto"], "elem": [{"concat": [1]}])"),
      InTable("delete", "rule", R"("chain": "c", "handle": 1)"),
  };
  for (const std::string& command : commands) {
    CAPTURE(command);
    CHECK_FALSE(NftBatch::Of(Document(command)));
  }
  for (const std::string nonsense : {R"({"nftables": 1})", R"({"nftables": []})", "{", "{}", "[]", ""}) {
    CHECK_FALSE(NftBatch::Of(nonsense));
  }
}

TEST_SUITE_END();
