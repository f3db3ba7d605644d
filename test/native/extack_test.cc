#include "kernel/extack.h"

#include <doctest/doctest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cerrno>

#include "reply.h"

using namespace cnm;

namespace {

/** A request with an attribute at a known place. */
struct Request {
  Request() : message(CNM_NAMED(RTM_NEWLINK), 0, ifinfomsg{}) {
    message.PutU32(CNM_NAMED(IFLA_MTU), 9);
    offset = static_cast<uint32_t>(NLMSG_HDRLEN + sizeof(ifinfomsg));
  }
  Message message;
  uint32_t offset;
};

constexpr uint16_t kWords = NLM_F_CAPPED | NLM_F_ACK_TLVS;

}  // namespace

TEST_SUITE_BEGIN("extack");

TEST_CASE("an acknowledgement is no refusal") {
  CHECK_FALSE(RefusalInError(ErrorReply(0).Exact().get(), Request().message));
  CHECK_FALSE(RefusalInDone(Reply(NLMSG_DONE).Put(0).Exact().get(), Request().message));
}

TEST_CASE("the kernel's own words and the attribute that they are about") {
  const Request request;
  Reply reply = ErrorReply(-EINVAL, kWords);
  reply.Attribute(NLMSGERR_ATTR_MSG, "too small").Attribute(NLMSGERR_ATTR_OFFS, request.offset);
  const Refused refusal = RefusalInError(reply.Exact().get(), request.message);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EINVAL);
  CHECK_EQ(refusal->message, "too small");
  CHECK_EQ(refusal->attribute, "IFLA_MTU");
  CHECK_EQ(refusal->request, "RTM_NEWLINK");
}

TEST_CASE("behind the whole request, from a kernel that repeats it") {
  const Request request;
  const nlmsghdr* sent = nlmsg_hdr(request.message.get());
  Reply reply(NLMSG_ERROR, NLM_F_ACK_TLVS);
  reply.Put(-EINVAL).Put(*sent);
  reply.Put(*static_cast<const ifinfomsg*>(nlmsg_data(sent))).Attribute(IFLA_MTU, uint32_t{9});
  reply.Attribute(NLMSGERR_ATTR_MSG, "too small");
  CHECK_EQ(RefusalInError(reply.Exact().get(), request.message)->message, "too small");
}

TEST_CASE("the words of a refused dump are in its end") {
  const Request request;
  Reply reply(NLMSG_DONE, NLM_F_ACK_TLVS);
  reply.Put(-EOPNOTSUPP).Attribute(NLMSGERR_ATTR_MSG, "no such table");
  const Refused refusal = RefusalInDone(reply.Exact().get(), request.message);
  REQUIRE(refusal);
  CHECK_EQ(refusal->error, -EOPNOTSUPP);
  CHECK_EQ(refusal->message, "no such table");
}

TEST_CASE("without words, when the reply does not say that it has any") {
  Reply reply = ErrorReply(-EPERM);
  reply.Attribute(NLMSGERR_ATTR_MSG, "unannounced");
  CHECK_EQ(RefusalInError(reply.Exact().get(), Request().message)->message, "");
}

TEST_CASE("an offset at which nothing of ours begins names no attribute") {
  for (const uint32_t offset : {0u, 1u, 33u, UINT32_MAX}) {
    Reply reply = ErrorReply(-EINVAL, kWords);
    reply.Attribute(NLMSGERR_ATTR_OFFS, offset);
    CHECK_EQ(RefusalInError(reply.Exact().get(), Request().message)->attribute, "");
  }
}

TEST_CASE("words without their closing zero end where the attribute does") {
  Reply reply = ErrorReply(-EINVAL, kWords);
  reply.Attribute(NLMSGERR_ATTR_MSG, "four");
  CHECK_EQ(RefusalInError(reply.Exact().get(), Request().message)->message, "four");
}

TEST_CASE("attributes that claim too much, or too little, are not believed") {
  for (const uint16_t claimed : {0, 1, 3, 5, 9, 0xffff}) {
    Reply reply = ErrorReply(-EINVAL, kWords);
    reply.Claim(NLMSGERR_ATTR_MSG, claimed);
    CHECK_EQ(RefusalInError(reply.Exact().get(), Request().message)->message, "");
  }
  Reply narrow = ErrorReply(-EINVAL, kWords);
  narrow.Attribute(NLMSGERR_ATTR_OFFS, uint16_t{32});
  CHECK_EQ(RefusalInError(narrow.Exact().get(), Request().message)->attribute, "");
}

TEST_CASE("a request that claims to be longer than the reply leaves no room for words") {
  for (const uint32_t claimed : {17u, 4096u, UINT32_MAX - 2, UINT32_MAX}) {
    Reply reply(NLMSG_ERROR, NLM_F_ACK_TLVS);
    reply.Put(-EINVAL).Put(nlmsghdr{.nlmsg_len = claimed});
    CHECK_EQ(RefusalInError(reply.Exact().get(), Request().message)->message, "");
  }
}

TEST_CASE("a reply that is cut short is a refusal, and nothing behind it is read") {
  for (size_t size = NLMSG_HDRLEN; size < NLMSG_HDRLEN + sizeof(nlmsgerr); size++) {
    CHECK_EQ(RefusalInError(ErrorReply(0).Cut(size).Exact().get(), Request().message)->error, -EBADMSG);
  }
  CHECK_FALSE(RefusalInDone(Reply(NLMSG_DONE).Exact().get(), Request().message));
  CHECK_FALSE(RefusalInDone(Reply(NLMSG_DONE).Put(-EPERM).Cut(NLMSG_HDRLEN + 3).Exact().get(), Request().message));
}

TEST_SUITE_END();
