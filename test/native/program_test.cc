#include "kernel/program.h"

#include <doctest/doctest.h>
#include <net/if.h>

#include <cerrno>

#include "space.h"

using namespace cnm;

TEST_SUITE_BEGIN("program");

TEST_CASE("ops are carried out in order, and answer the ifindex of what they made") {
  const Space space;
  const Outcome outcome = space.Do({AddBridge("a"), {.step = LinkDel{.link = "a"}}, AddBridge("b")});
  REQUIRE_FALSE(outcome.refusal);
  CHECK_EQ(outcome.done, 3);
  CHECK_EQ(space.Look("cat /sys/class/net/b/ifindex 2>/dev/null; ip -o link | grep -c ': [ab]:'"), "1\n");
  CHECK_GT(outcome.ifindex[0], 0);
  CHECK_EQ(outcome.ifindex[1], 0);
  CHECK_EQ(space.Look("ip -o link show dev b | cut -d: -f1"), std::to_string(outcome.ifindex[2]) + "\n");
}

TEST_CASE("the first that is refused ends it, and is named") {
  const Space space;
  const Outcome outcome = space.Do({AddBridge("a"), AddBridge("a"), AddBridge("b")});
  REQUIRE(outcome.refusal);
  CHECK_EQ(outcome.done, 1);
  CHECK_EQ(outcome.refusal->op, 1);
  CHECK_EQ(outcome.refusal->error, -EEXIST);
  CHECK_EQ(outcome.refusal->request, "RTM_NEWLINK");
  CHECK_EQ(space.Look("ip -o link | grep -c ': [ab]:'"), "1\n");
}

TEST_CASE("what is refused is refused in the kernel's words") {
  const Space space;
  RouteOp route{.to = {.length = 4, .bytes = {10, 0, 0, 1}}, .prefix = 8, .link = "lo"};
  const Outcome outcome = space.Do({{.step = route}});
  REQUIRE(outcome.refusal);
  CHECK_EQ(outcome.refusal->error, -EINVAL);
  CHECK_NE(outcome.refusal->message, "");
}

TEST_CASE("a program that was cancelled does nothing") {
  const Space space;
  const Outcome outcome = CarryOut({.places = {space.place()}, .ops = {AddBridge("a")}}, true);
  REQUIRE(outcome.refusal);
  CHECK_EQ(outcome.refusal->error, -ECANCELED);
  CHECK_EQ(outcome.done, 0);
  CHECK_EQ(space.Look("ip -o link | grep -c ': a:'"), "0\n");
}

TEST_CASE("a pair is born with one end in each place") {
  const Space a, b;
  LinkAdd add;
  add.name = "here";
  add.kind = "veth";
  add.peer = Peer{};
  add.peer->name = "there";
  add.peer->at = 1;
  const Outcome outcome = CarryOut({.places = {a.place(), b.place()}, .ops = {{.step = add}}}, false);
  REQUIRE_FALSE(outcome.refusal);
  CHECK_EQ(a.Look("ip -o link | grep -c ': here@'"), "1\n");
  CHECK_EQ(b.Look("ip -o link | grep -c ': there@'"), "1\n");
}

TEST_CASE("a link is born in another place than its parent is in") {
  const Space a, b;
  LinkAdd add;
  add.name = "here";
  add.kind = "macvlan";
  add.parent = LinkRef("under");
  add.into = 1;
  const Outcome outcome =
      CarryOut({.places = {a.place(), b.place()}, .ops = {AddBridge("under"), {.step = add}, {.step = add}}}, false);
  REQUIRE(outcome.refusal);
  CHECK_EQ(outcome.refusal->error, -EEXIST);
  CHECK_EQ(outcome.done, 2);
  CHECK_EQ(a.Look("ip -o link | grep -c ': here@'"), "0\n");
  CHECK_EQ(b.Look("ip -o link show here | cut -d: -f1"), std::to_string(outcome.ifindex[1]) + "\n");
}

TEST_SUITE_END();

TEST_CASE("a name is that of the link that has it now") {
  const Space a, b;
  const auto address = [](size_t at, const char* link, uint8_t last) {
    return Op{.at = at,
              .step = AddrOp{.link = link, .address = {.length = 4, .bytes = {10, 0, 0, last}}, .prefix = 24}};
  };
  LinkAdd pair;
  pair.name = "x";
  pair.kind = "veth";
  pair.peer = Peer{};
  pair.peer->name = "y";
  pair.peer->at = 1;
  const Outcome outcome = CarryOut({.places = {a.place(), b.place()},
                                    .ops = {{.step = pair},
                                            address(0, "x", 1),
                                            address(1, "y", 2),
                                            AddBridge("w"),
                                            {.step = LinkSet{.link = "x", .name = "z"}},
                                            {.step = LinkSet{.link = "w", .name = "x"}},
                                            address(0, "x", 3)}},
                                   false);
  REQUIRE_FALSE(outcome.refusal);
  CHECK_EQ(a.Look("ip -4 -o addr show dev x | awk '{print $4}'"), "10.0.0.3/24\n");
  CHECK_EQ(a.Look("ip -4 -o addr show dev z | awk '{print $4}'"), "10.0.0.1/24\n");
  CHECK_EQ(b.Look("ip -4 -o addr show dev y | awk '{print $4}'"), "10.0.0.2/24\n");
}
