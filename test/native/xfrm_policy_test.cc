#include "kernel/xfrm_policy.h"

#include <doctest/doctest.h>
#include <linux/xfrm.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include "columns.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

Reply Policy(uint32_t priority) {
  xfrm_userpolicy_info info{};
  info.sel.family = AF_INET;
  info.priority = priority;
  return Reply(XFRM_MSG_NEWPOLICY, NLM_F_MULTI).Put(info);
}

}  // namespace

TEST_SUITE_BEGIN("xfrm policy");

// Its header has numbers of 64 bits; messages are aligned to 32.
TEST_CASE("a policy is read wherever in the datagram it begins") {
  Space space;
  Reply first = Policy(1);
  first.Claim(XFRMA_IF_ID, NLA_HDRLEN);
  REQUIRE_EQ(first.bytes().size() % alignof(xfrm_userpolicy_info), 4);
  const Script script({{Datagram({first, Policy(2), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)})}});
  auto table = DumpXfrmPolicies(*space, {});
  REQUIRE_FALSE(table.refusal);
  const auto rows = RowsOf(table.columns);
  REQUIRE_EQ(rows.size(), 2);
  CHECK_EQ(rows[0].priority, 1);
  CHECK_EQ(rows[1].priority, 2);
}

TEST_SUITE_END();
