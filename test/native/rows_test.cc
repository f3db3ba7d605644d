#include "kernel/rows.h"

#include <doctest/doctest.h>
#include <linux/neighbour.h>

#include <cerrno>

#include "kernel/neighbour.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

constexpr size_t kBatch = 64;

/** `count` neighbours 10.0.0.0, 10.0.0.1 ... on a bridge. */
NeighOp Neighbours(size_t count) {
  NeighOp op{.link = "br0", .count = count, .state = NUD_PERMANENT, .many = true};
  op.addresses.width = 4;
  op.macs.width = 6;
  for (size_t row = 0; row < count; row++) {
    const auto high = static_cast<uint8_t>(row / 256), low = static_cast<uint8_t>(row);
    for (const uint8_t byte : {uint8_t{10}, uint8_t{0}, high, low}) op.addresses.bytes.push_back(byte);
    for (const uint8_t byte : {uint8_t{2}, uint8_t{0}, uint8_t{0}, uint8_t{0}, high, low})
      op.macs.bytes.push_back(byte);
  }
  return op;
}

std::vector<uint32_t> RowsOf(const Refusal& refusal) {
  std::vector<uint32_t> rows;
  for (const RefusedRow& refused : refusal.rows) rows.push_back(refused.row);
  return rows;
}

/** A space with a bridge br0 that is up; `known` is its ifindex, so that no link has to be looked up. */
struct Bridged : Space {
  Bridged() {
    Op bridge = AddBridge("br0");
    std::get<LinkAdd>(bridge.step).up = true;
    const Outcome outcome = Do({std::move(bridge)});
    REQUIRE_FALSE(outcome.refusal);
    known = outcome.ifindex[0];
  }
  int32_t known;
};

std::string Count(const Space& space) { return space.Look("ip neigh show nud permanent | wc -l"); }

}  // namespace

TEST_SUITE_BEGIN("rows");

TEST_CASE("of any number become entries, whole batches and what is left") {
  for (const size_t count : {size_t{0}, size_t{1}, kBatch - 1, kBatch, kBatch + 1, 3 * kBatch, size_t{1000}}) {
    CAPTURE(count);
    const Bridged space;
    REQUIRE_FALSE(space.Do({{.step = Neighbours(count)}}).refusal);
    CHECK_EQ(Count(space), std::to_string(count) + "\n");
  }
}

TEST_CASE("each has its own address and its own MAC") {
  const Bridged space;
  REQUIRE_FALSE(space.Do({{.step = Neighbours(300)}}).refusal);
  CHECK_EQ(space.Look("ip neigh show 10.0.0.5"), "10.0.0.5 dev br0 lladdr 02:00:00:00:00:05 PERMANENT \n");
  CHECK_EQ(space.Look("ip neigh show 10.0.1.9"), "10.0.1.9 dev br0 lladdr 02:00:00:00:01:09 PERMANENT \n");
}

TEST_CASE("those that are refused are named, and none of the others stays") {
  const Bridged space;
  NeighOp taken = Neighbours(200);
  taken.addresses.bytes.assign({10, 0, 0, 7, 10, 0, 0, 130});
  taken.count = 2;
  REQUIRE_FALSE(space.Do({{.step = taken}}).refusal);
  const Outcome outcome = space.Do({{.step = Neighbours(200)}});
  REQUIRE(outcome.refusal);
  CHECK_EQ(outcome.refusal->error, -EEXIST);
  CHECK_EQ(RowsOf(*outcome.refusal), std::vector<uint32_t>{7, 130});
  CHECK_EQ(Count(space), "2\n");
}

TEST_CASE("a kernel that falls silent leaves the rest of the rows unknown") {
  Bridged space;
  NeighOp op = Neighbours(2 * kBatch);
  op.link = space.known;
  op.verb = Verb::kReplace;
  Script script({{ErrorReply(0).bytes()}});
  const Refused refusal = ApplyNeighbours(*space, op, false);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EAGAIN);
  CHECK_EQ(refusal->rows.size(), kBatch);
  CHECK_EQ(refusal->rows.front().row, kBatch);
  // Two batches, and the dump that is to say what became of the second.
  CHECK_EQ(script.requests().size(), 3);
}

TEST_CASE("an answer to something else is not taken for one of theirs") {
  Bridged space;
  NeighOp op = Neighbours(2);
  op.link = space.known;
  op.verb = Verb::kReplace;
  const auto late = [](uint32_t back) {
    Bytes bytes = ErrorReply(-EPERM).bytes();
    reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_seq = back;
    return bytes;
  };
  Bytes done = Reply(NLMSG_DONE).Put(0).bytes();
  const Script script({{late(2), late(1000), late(UINT32_MAX), done, ErrorReply(0).bytes()}});
  CHECK_FALSE(ApplyNeighbours(*space, op, false));
}

TEST_CASE("cut answers, and datagrams without any, are no answers") {
  Bridged space;
  NeighOp op = Neighbours(1);
  op.link = space.known;
  op.verb = Verb::kReplace;
  const Script script({{Bytes(), Bytes(3), Bytes(NLMSG_HDRLEN), ErrorReply(0).bytes()}});
  CHECK_FALSE(ApplyNeighbours(*space, op, false));
}

TEST_CASE("nobody but the kernel can answer") {
  Bridged space;
  NeighOp op = Neighbours(1);
  op.link = space.known;
  Script script({{ErrorReply(0).bytes()}});
  script.sender = 4711;
  const Refused refusal = ApplyNeighbours(*space, op, false);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EAGAIN);
}

TEST_SUITE_END();
