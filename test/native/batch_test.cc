#include "kernel/batch.h"

#include <doctest/doctest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <numeric>

#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

/** 10.0.0.0, 10.0.0.1 ... */
Packed Addresses(uint8_t count) {
  Packed column{.bytes = {}, .width = 4};
  for (uint8_t row = 0; row < count; row++) {
    for (const uint8_t byte : {uint8_t{10}, uint8_t{0}, uint8_t{0}, row}) column.bytes.push_back(byte);
  }
  return column;
}

/** Routes of which each has its own destination and prefix; with a metric in common. */
struct Routes {
  explicit Routes(uint8_t count) : tos(Addresses(count)), prefixes{.bytes = Bytes(count, 32), .width = 1} {
    pattern.PutColumn(CNM_NAMED(RTA_DST), tos);
    pattern.PutInHeader(offsetof(rtmsg, rtm_dst_len), prefixes);
    pattern.shared.PutU32(CNM_NAMED(RTA_PRIORITY), 7);
  }
  Packed tos, prefixes;
  Pattern pattern{CNM_NAMED(RTM_NEWROUTE), NLM_F_CREATE, rtmsg{.rtm_family = AF_INET}};
};

Reply Route(std::array<uint8_t, 4> to, uint8_t prefix = 32) {
  Reply reply = Reply(RTM_NEWROUTE).Put(rtmsg{.rtm_family = AF_INET, .rtm_dst_len = prefix});
  return reply.Attribute(RTA_DST, to);
}

std::vector<uint32_t> Numbers(uint32_t count) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

/** An answer to the request that was sent so many before the last. */
Bytes To(uint32_t back, int error) {
  Bytes bytes = ErrorReply(error).bytes();
  reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_seq = back;
  return bytes;
}

/** Sends three routes to a kernel that answers like this. */
Answers SendThree(std::deque<Turn> turns) {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  const Routes routes(3);
  const Script script(std::move(turns));
  Answers answers;
  Batch(*socket, routes.pattern).Send(Numbers(3), answers);
  return answers;
}

}  // namespace

TEST_SUITE_BEGIN("batch");

TEST_CASE("rows go out at once, each with its own bytes and number, and the last is acknowledged") {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Route(socket));
  const Routes routes(3);
  const Script script({{To(0, 0)}});
  Answers answers;
  Batch(*socket, routes.pattern).Send(Numbers(3), answers);
  CHECK_FALSE(answers.refusal);
  CHECK(answers.lost.empty());
  REQUIRE_EQ(script.requests().size(), 1);
  const Bytes& sent = script.requests().front();
  const size_t stride = NLMSG_ALIGN(routes.pattern.size());
  REQUIRE_EQ(sent.size(), 3 * stride);
  const auto* first = reinterpret_cast<const nlmsghdr*>(sent.data());
  for (uint32_t row = 0; row < 3; row++) {
    const auto* request = reinterpret_cast<const nlmsghdr*>(sent.data() + row * stride);
    CHECK_EQ(request->nlmsg_seq, first->nlmsg_seq + row);
    CHECK_EQ((request->nlmsg_flags & NLM_F_ACK) != 0, row == 2);
    CHECK(routes.pattern.Describes(row, request));
    CHECK_FALSE(routes.pattern.Describes((row + 1) % 3, request));
  }
}

TEST_CASE("each that is refused says so; the words are those about the first") {
  Reply first = ErrorReply(-EEXIST, NLM_F_CAPPED | NLM_F_ACK_TLVS), second = first;
  first.Attribute(NLMSGERR_ATTR_MSG, "taken");
  second.Attribute(NLMSGERR_ATTR_MSG, "also taken");
  const auto from = [](uint32_t back, Bytes bytes) {
    reinterpret_cast<nlmsghdr*>(bytes.data())->nlmsg_seq = back;
    return bytes;
  };
  const Answers answers = SendThree({{from(2, first.bytes()), from(0, second.bytes())}});
  REQUIRE(answers.refusal);
  CHECK_EQ(answers.refusal->message, "taken");
  REQUIRE_EQ(answers.refusal->rows.size(), 2);
  CHECK_EQ(answers.refusal->rows[0].row, 0);
  CHECK_EQ(answers.refusal->rows[1].row, 2);
  CHECK(answers.lost.empty());
}

TEST_CASE("once something was dropped, nobody knows of those that have no answer") {
  const Answers answers = SendThree({{To(2, -EEXIST), ENOBUFS, To(0, 0)}});
  REQUIRE(answers.refusal);
  CHECK_EQ(answers.refusal->rows.size(), 1);
  CHECK_EQ(answers.lost, std::vector<uint32_t>{1});
}

TEST_CASE("nor of any when there is silence") { CHECK_EQ(SendThree({}).lost, std::vector<uint32_t>{0, 1, 2}); }

TEST_CASE("answers to others are skipped") {
  const Answers answers = SendThree({{To(3, -EPERM), To(UINT32_MAX, -EPERM), To(0, 0)}});
  CHECK_FALSE(answers.refusal);
  CHECK(answers.lost.empty());
}

TEST_CASE("a row is told by its columns and by what all have in common") {
  const Routes routes(3);
  const auto is_first = [&](Reply reply) { return routes.pattern.Describes(1, reply.Exact().get()); };
  const auto with_metric = [](Reply reply) { return reply.Attribute(RTA_PRIORITY, uint32_t{7}); };
  CHECK(is_first(with_metric(Route({10, 0, 0, 1}))));
  CHECK_FALSE(is_first(Route({10, 0, 0, 1})));
  CHECK_FALSE(is_first(Route({10, 0, 0, 1}).Attribute(RTA_PRIORITY, uint32_t{8})));
  CHECK_FALSE(is_first(with_metric(Route({10, 0, 0, 1}, 31))));
  CHECK_FALSE(is_first(with_metric(Route({10, 0, 0, 2}))));
}

TEST_CASE("what is left out is zero, or at a default that nobody knows; what is told otherwise does not count") {
  const Packed to = {.bytes = {0, 0, 0, 0}, .width = 4}, prefix = {.bytes = {0}, .width = 1};
  const auto describes = [&](Untold untold, uint32_t mark, Reply reply) {
    Pattern pattern(CNM_NAMED(RTM_NEWROUTE), 0, rtmsg{}, std::move(untold));
    pattern.PutColumn(CNM_NAMED(RTA_DST), to);
    pattern.PutInHeader(offsetof(rtmsg, rtm_dst_len), prefix);
    pattern.shared.PutU32(CNM_NAMED(RTA_MARK), mark);
    return pattern.Describes(0, reply.Exact().get());
  };
  const Reply left_out = Reply(RTM_NEWROUTE).Put(rtmsg{.rtm_family = AF_INET});
  const Reply told = Reply(left_out).Attribute(RTA_MARK, uint32_t{8});
  CHECK(describes({}, 0, left_out));
  CHECK_FALSE(describes({}, 7, left_out));
  CHECK(describes({.unsaid = {RTA_MARK}}, 7, left_out));
  CHECK_FALSE(describes({.unsaid = {RTA_MARK}}, 7, told));
  CHECK(describes({.other = {RTA_MARK}}, 7, told));
}

TEST_CASE("a column of one row holds for all") {
  const Packed one = {.bytes = {10, 0, 0, 9}, .width = 4};
  Routes routes(3);
  routes.pattern.PutColumn(CNM_NAMED(RTA_GATEWAY), one);
  Reply reply = Route({10, 0, 0, 2}).Attribute(RTA_PRIORITY, uint32_t{7});
  CHECK(routes.pattern.Describes(2, reply.Attribute(RTA_GATEWAY, std::array<uint8_t, 4>{10, 0, 0, 9}).Exact().get()));
}

TEST_CASE("and has its first column for a key") {
  const Routes routes(3);
  Reply reply = Route({10, 0, 0, 2});
  CHECK(std::ranges::equal(routes.pattern.KeyOf(2), routes.pattern.KeyIn(reply.Exact().get())));
  Reply other = Reply(RTM_NEWROUTE).Put(rtmsg{});
  CHECK(std::ranges::equal(routes.pattern.KeyIn(other.Exact().get()), Bytes(4)));
}

TEST_CASE("nothing is read behind the end of a reply that is cut short") {
  const Routes routes(1);
  for (size_t size = NLMSG_HDRLEN; size < NLMSG_HDRLEN + sizeof(rtmsg) + NLA_HDRLEN + 4; size++) {
    Reply reply = Route({10, 0, 0, 0}).Cut(size);
    const auto exact = reply.Exact();
    CHECK(std::ranges::equal(routes.pattern.KeyIn(exact.get()), Bytes(4)));
    routes.pattern.Describes(0, exact.get());
  }
}

TEST_CASE("a column that is absent takes no room") {
  Pattern pattern(CNM_NAMED(RTM_NEWROUTE), 0, rtmsg{});
  const size_t size = pattern.size();
  const Packed absent;
  pattern.PutColumn(CNM_NAMED(RTA_DST), absent);
  pattern.PutInHeader(offsetof(rtmsg, rtm_dst_len), absent);
  CHECK_EQ(pattern.size(), size);
}

TEST_SUITE_END();
