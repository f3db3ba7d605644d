#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "facts/columns.h"
#include "facts/words.h"
#include "facts/xfrm.h"

namespace cnm {

struct XfrmTemplate {
  std::optional<Address> src;
  std::optional<Address> dst;
  /** IPPROTO_*. */
  uint32_t proto = 0;
  std::optional<uint32_t> spi;
  std::optional<uint32_t> reqid;
  /** XFRM_MODE_*. */
  uint32_t mode = 0;
  /** Not required: 1. */
  uint32_t optional = 0;
};

struct XfrmPolicyOp {
  Verb verb = Verb::kAdd;
  XfrmSelector selector;
  /** XFRM_POLICY_*. */
  uint32_t dir = 0;
  std::optional<uint32_t> mark;
  uint32_t mask = UINT32_MAX;
  std::optional<uint32_t> if_id;
  std::optional<uint32_t> priority;
  /** XFRM_POLICY_*, as the flags. */
  uint32_t action = 0;
  uint32_t flags = 0;
  XfrmLimits limits;
  std::vector<XfrmTemplate> tmpls;
};

/** The policies that are to go: all that fit. */
struct XfrmPolicyFlush {
  /** XFRM_POLICY_*, as the action. */
  std::optional<uint32_t> dir;
  std::optional<uint32_t> priority;
  std::optional<uint32_t> action;
};

struct XfrmPolicyRow {
  /** 4 or 6. */
  uint8_t family = 0;
  uint8_t dir = 0;
  std::array<uint8_t, 16> src{};
  uint8_t src_prefix = 0;
  std::array<uint8_t, 16> dst{};
  uint8_t dst_prefix = 0;
  uint8_t proto = 0;
  uint16_t sport = 0;
  uint16_t dport = 0;
  uint32_t mark = 0;
  uint32_t mask = 0;
  uint32_t if_id = 0;
  uint32_t priority = 0;
  uint8_t action = 0;
  uint32_t index = 0;
  uint8_t tmpls = 0;
  /** 4 or 6, of the first template; 0 without one. */
  uint8_t tmpl_family = 0;
  std::array<uint8_t, 16> tmpl_src{};
  std::array<uint8_t, 16> tmpl_dst{};
  uint8_t tmpl_proto = 0;
  uint32_t tmpl_spi = 0;
  uint32_t tmpl_reqid = 0;
  uint8_t tmpl_mode = 0;
  uint8_t tmpl_optional = 0;

  static constexpr auto kFields = std::tuple(
      Field{"family", &XfrmPolicyRow::family}, Field{"dir", &XfrmPolicyRow::dir}, Field{"src", &XfrmPolicyRow::src},
      Field{"srcPrefix", &XfrmPolicyRow::src_prefix}, Field{"dst", &XfrmPolicyRow::dst},
      Field{"dstPrefix", &XfrmPolicyRow::dst_prefix}, Field{"proto", &XfrmPolicyRow::proto},
      Field{"sport", &XfrmPolicyRow::sport}, Field{"dport", &XfrmPolicyRow::dport}, Field{"mark", &XfrmPolicyRow::mark},
      Field{"mask", &XfrmPolicyRow::mask}, Field{"ifId", &XfrmPolicyRow::if_id},
      Field{"priority", &XfrmPolicyRow::priority}, Field{"action", &XfrmPolicyRow::action},
      Field{"index", &XfrmPolicyRow::index}, Field{"tmpls", &XfrmPolicyRow::tmpls},
      Field{"tmplFamily", &XfrmPolicyRow::tmpl_family}, Field{"tmplSrc", &XfrmPolicyRow::tmpl_src},
      Field{"tmplDst", &XfrmPolicyRow::tmpl_dst}, Field{"tmplProto", &XfrmPolicyRow::tmpl_proto},
      Field{"tmplSpi", &XfrmPolicyRow::tmpl_spi}, Field{"tmplReqid", &XfrmPolicyRow::tmpl_reqid},
      Field{"tmplMode", &XfrmPolicyRow::tmpl_mode}, Field{"tmplOptional", &XfrmPolicyRow::tmpl_optional});
};

}  // namespace cnm
