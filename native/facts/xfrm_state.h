#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/columns.h"
#include "facts/words.h"
#include "facts/xfrm.h"

namespace cnm {

/** A cipher or a hash by its name in the kernel, with its key. */
struct XfrmAlgorithm {
  std::string name;
  std::vector<uint8_t> key;
  /** Bits of each packet that tell that it is true. */
  std::optional<uint32_t> bits;
};

struct XfrmEncap {
  /** UDP_ENCAP_* or TCP_ENCAP_*. */
  uint32_t type = 0;
  uint32_t sport = 0;
  uint32_t dport = 0;
};

struct XfrmStateOp {
  Verb verb = Verb::kAdd;
  Address dst;
  /** IPPROTO_*. */
  uint32_t proto = 0;
  uint32_t spi = 0;
  std::optional<uint32_t> mark;
  uint32_t mask = UINT32_MAX;
  // One that is to go is known by these.

  Address src;
  /** XFRM_MODE_*. */
  uint32_t mode = 0;
  std::optional<uint32_t> reqid;
  std::optional<XfrmAlgorithm> aead;
  std::optional<XfrmAlgorithm> auth;
  std::optional<XfrmAlgorithm> enc;
  std::optional<std::string> comp;
  uint32_t replay_window = 0;
  /** XFRM_STATE_*. */
  uint32_t flags = 0;
  /** XFRM_SA_XFLAG_*. */
  uint32_t extra_flags = 0;
  std::optional<uint32_t> output_mark;
  uint32_t output_mask = UINT32_MAX;
  std::optional<uint32_t> if_id;
  std::optional<XfrmSelector> selector;
  XfrmLimits limits;
  std::optional<XfrmEncap> encap;
};

/** The states that are to go: all that fit. */
struct XfrmStateFlush {
  std::optional<Address> src;
  std::optional<Address> dst;
  /** IPPROTO_*. */
  std::optional<uint32_t> proto;
  /** XFRM_MODE_*. */
  std::optional<uint32_t> mode;
  std::optional<uint32_t> reqid;
};

struct XfrmStateRow {
  /** 4 or 6. */
  uint8_t family = 0;
  std::array<uint8_t, 16> src{};
  std::array<uint8_t, 16> dst{};
  uint8_t proto = 0;
  uint32_t spi = 0;
  uint8_t mode = 0;
  uint32_t reqid = 0;
  uint32_t mark = 0;
  uint32_t mask = 0;
  uint32_t output_mark = 0;
  uint32_t output_mask = 0;
  uint32_t if_id = 0;
  uint8_t flags = 0;
  uint32_t extra_flags = 0;
  uint32_t replay_window = 0;
  uint64_t oseq = 0;
  uint64_t seq = 0;
  uint64_t bytes = 0;
  uint64_t packets = 0;
  uint16_t encap = 0;
  uint16_t encap_sport = 0;
  uint16_t encap_dport = 0;
  std::string aead;
  std::string auth;
  std::string enc;
  std::string comp;
  uint32_t aead_icv = 0;
  uint32_t auth_trunc = 0;
  /** In hex; empty unless they are asked for. */
  std::string aead_key;
  std::string auth_key;
  std::string enc_key;

  static constexpr auto kFields = std::tuple(
      Field{"family", &XfrmStateRow::family}, Field{"src", &XfrmStateRow::src}, Field{"dst", &XfrmStateRow::dst},
      Field{"proto", &XfrmStateRow::proto}, Field{"spi", &XfrmStateRow::spi}, Field{"mode", &XfrmStateRow::mode},
      Field{"reqid", &XfrmStateRow::reqid}, Field{"mark", &XfrmStateRow::mark}, Field{"mask", &XfrmStateRow::mask},
      Field{"outputMark", &XfrmStateRow::output_mark}, Field{"outputMask", &XfrmStateRow::output_mask},
      Field{"ifId", &XfrmStateRow::if_id}, Field{"flags", &XfrmStateRow::flags},
      Field{"extraFlags", &XfrmStateRow::extra_flags}, Field{"replayWindow", &XfrmStateRow::replay_window},
      Field{"oseq", &XfrmStateRow::oseq}, Field{"seq", &XfrmStateRow::seq}, Field{"bytes", &XfrmStateRow::bytes},
      Field{"packets", &XfrmStateRow::packets}, Field{"encap", &XfrmStateRow::encap},
      Field{"encapSport", &XfrmStateRow::encap_sport}, Field{"encapDport", &XfrmStateRow::encap_dport},
      Field{"aead", &XfrmStateRow::aead}, Field{"auth", &XfrmStateRow::auth}, Field{"enc", &XfrmStateRow::enc},
      Field{"comp", &XfrmStateRow::comp}, Field{"aeadIcv", &XfrmStateRow::aead_icv},
      Field{"authTrunc", &XfrmStateRow::auth_trunc}, Field{"aeadKey", &XfrmStateRow::aead_key},
      Field{"authKey", &XfrmStateRow::auth_key}, Field{"encKey", &XfrmStateRow::enc_key});
};

}  // namespace cnm
