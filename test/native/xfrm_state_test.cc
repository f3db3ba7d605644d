#include "kernel/xfrm_state.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "columns.h"
#include "kernel/attributes.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

constexpr char kName[] = "rfc4106(gcm(aes))";

XfrmStateOp State(Verb verb) {
  XfrmStateOp op;
  op.verb = verb;
  op.src = {.length = 4, .bytes = {10, 0, 0, 1}};
  op.dst = {.length = 4, .bytes = {10, 0, 0, 2}};
  op.proto = IPPROTO_ESP;
  op.spi = 0x1001;
  op.aead = XfrmAlgorithm{.name = kName, .key = {1, 2, 3, 4}, .bits = 64};
  return op;
}

/** What a kernel that answers like this is asked, and what comes of it. */
struct Asked {
  Asked(const XfrmStateOp& op, std::deque<Turn> turns) {
    Space space;
    Socket* socket = nullptr;
    REQUIRE_FALSE(space->Xfrm(socket));
    Script script(std::move(turns));
    refusal = ApplyXfrmState(*space, op);
    for (const Bytes& request : script.requests()) {
      types.push_back(reinterpret_cast<const nlmsghdr*>(request.data())->nlmsg_type);
    }
    last = script.requests().back();
  }
  Refused refusal;
  std::vector<int> types;
  Bytes last;
};

/** How the kernel tells of a key: `claimed` bytes, of which there are four. */
std::array<uint8_t, sizeof(xfrm_algo_aead) + 4> Aead(uint32_t claimed) {
  std::array<uint8_t, sizeof(xfrm_algo_aead) + 4> bytes{};
  xfrm_algo_aead header{};
  strcpy(header.alg_name, kName);
  header.alg_key_len = claimed * 8;
  header.alg_icv_len = 128;
  memcpy(bytes.data(), &header, sizeof header);
  for (uint8_t i = 0; i < 4; i++) bytes[sizeof header + i] = static_cast<uint8_t>(0xab + i);
  return bytes;
}

std::vector<XfrmStateRow> Read(Reply reply, bool keys) {
  Space space;
  Socket* socket = nullptr;
  REQUIRE_FALSE(space->Xfrm(socket));
  const Script script({{Datagram({std::move(reply), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)})}});
  Table<XfrmStateRow> table = DumpXfrmStates(*space, Filter{.keys = keys});
  REQUIRE_FALSE(table.refusal);
  return RowsOf(table.columns);
}

Reply ToldState() { return Reply(XFRM_MSG_NEWSA, NLM_F_MULTI).Put(xfrm_usersa_info{.family = AF_INET}); }

}  // namespace

TEST_SUITE_BEGIN("xfrm state");

TEST_CASE("replacing what is not there adds it") {
  const Asked asked(State(Verb::kReplace), {Says(0)});
  CHECK_FALSE(asked.refusal);
  CHECK_EQ(asked.types, std::vector<int>{XFRM_MSG_NEWSA});
}

TEST_CASE("replacing what is there deletes it, once the kernel has found the new one fit") {
  const Asked asked(State(Verb::kReplace), {Says(-EEXIST), Says(0), Says(0)});
  CHECK_FALSE(asked.refusal);
  CHECK_EQ(asked.types, std::vector<int>{XFRM_MSG_NEWSA, XFRM_MSG_DELSA, XFRM_MSG_NEWSA});
}

TEST_CASE("replacing by one that is not fit leaves the old one there") {
  const Asked asked(State(Verb::kReplace), {Says(-EINVAL)});
  REQUIRE(asked.refusal);
  CHECK_EQ(asked.refusal->error, -EINVAL);
  CHECK_EQ(asked.types.size(), 1);
}

TEST_CASE("where the old one cannot go, its being there is the refusal") {
  const Asked asked(State(Verb::kReplace), {Says(-EEXIST), Says(-ESRCH)});
  REQUIRE(asked.refusal);
  CHECK_EQ(asked.refusal->error, -EEXIST);
  CHECK_EQ(asked.types.size(), 2);
}

TEST_CASE("a key goes with its length in bits behind its name") {
  const Asked asked(State(Verb::kAdd), {Says(0)});
  const Attributes attributes(reinterpret_cast<const nlmsghdr*>(asked.last.data()), sizeof(xfrm_usersa_info));
  const auto [data, size] = attributes.Raw(XFRMA_ALG_AEAD);
  REQUIRE_EQ(size, sizeof(xfrm_algo_aead) + 4);
  const auto& aead = *static_cast<const xfrm_algo_aead*>(data);
  CHECK_EQ(std::string(aead.alg_name), kName);
  CHECK_EQ(aead.alg_key_len, 32);
  CHECK_EQ(aead.alg_icv_len, 64);
  CHECK_EQ(memcmp(aead.alg_key, "\1\2\3\4", 4), 0);
}

TEST_CASE("a small window is in the header, a wide one is not, nor is one of numbers of 64 bits") {
  struct {
    uint32_t window, flags, header, words;
  } const cases[] = {{32, 0, 32, 0}, {33, 0, 0, 2}, {32, XFRM_STATE_ESN, 0, 1}, {4096, XFRM_STATE_ESN, 0, 128}};
  for (const auto& state : cases) {
    const auto& [window, flags, header, words] = state;
    CAPTURE(state.window);
    XfrmStateOp op = State(Verb::kAdd);
    op.replay_window = window;
    op.flags = flags;
    const Asked asked(op, {Says(0)});
    const auto* message = reinterpret_cast<const nlmsghdr*>(asked.last.data());
    CHECK_EQ(static_cast<const xfrm_usersa_info*>(nlmsg_data(message))->replay_window, header);
    const auto [data, size] = Attributes(message, sizeof(xfrm_usersa_info)).Raw(XFRMA_REPLAY_ESN_VAL);
    REQUIRE_EQ(size, words ? sizeof(xfrm_replay_state_esn) + words * 4 : 0);
    if (words) CHECK_EQ(static_cast<const xfrm_replay_state_esn*>(data)->replay_window, window);
  }
}

TEST_CASE("a key is read only when it is asked for") {
  for (const bool keys : {false, true}) {
    const auto rows = Read(ToldState().Attribute(XFRMA_ALG_AEAD, Aead(4)), keys);
    REQUIRE_EQ(rows.size(), 1);
    CHECK_EQ(rows[0].aead, kName);
    CHECK_EQ(rows[0].aead_icv, 128);
    CHECK_EQ(rows[0].aead_key, keys ? "abacadae" : "");
  }
}

TEST_CASE("a key that claims to be longer than its attribute ends there") {
  CHECK_EQ(Read(ToldState().Attribute(XFRMA_ALG_AEAD, Aead(UINT32_MAX / 8)), true).at(0).aead_key, "abacadae");
  CHECK_EQ(Read(ToldState().Attribute(XFRMA_ALG_AEAD, uint32_t{7}), true).at(0).aead, "");
}

TEST_CASE("numbers of 64 bits are put together") {
  const xfrm_replay_state_esn replay{.oseq = 1, .seq = 2, .oseq_hi = 3, .seq_hi = 4, .replay_window = 128};
  const auto rows = Read(ToldState().Attribute(XFRMA_REPLAY_ESN_VAL, replay), false);
  REQUIRE_EQ(rows.size(), 1);
  CHECK_EQ(rows[0].oseq, 3ull << 32 | 1);
  CHECK_EQ(rows[0].seq, 4ull << 32 | 2);
  CHECK_EQ(rows[0].replay_window, 128);
}

TEST_SUITE_END();
