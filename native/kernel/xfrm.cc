#include "kernel/xfrm.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace cnm {

namespace {

constexpr Word kSelectable[] = {{"tcp", IPPROTO_TCP},      {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP},
                                {"dccp", IPPROTO_DCCP},    {"gre", IPPROTO_GRE}, {"icmp", IPPROTO_ICMP},
                                {"icmpv6", IPPROTO_ICMPV6}};
constexpr Word kTransforms[] = {{"esp", IPPROTO_ESP}, {"ah", IPPROTO_AH}, {"comp", IPPROTO_COMP}};
constexpr Word kXfrmModes[] = {{"transport", XFRM_MODE_TRANSPORT}, {"tunnel", XFRM_MODE_TUNNEL}};

constexpr uint16_t kWholePort = UINT16_MAX;

void SetPort(const std::optional<uint32_t>& wanted, __be16& port, __be16& mask) {
  if (!wanted) return;
  port = htons(static_cast<uint16_t>(*wanted));
  mask = kWholePort;
}

}  // namespace

void CopyAddress(const std::optional<Address>& address, xfrm_address_t& out) {
  if (address) memcpy(&out, address->bytes.data(), address->length);
}

std::array<uint8_t, 16> BytesOf(const xfrm_address_t& address) {
  std::array<uint8_t, 16> bytes;
  memcpy(bytes.data(), &address, bytes.size());
  return bytes;
}

xfrm_selector SelectorOf(const XfrmSelector& selector) {
  xfrm_selector out{};
  out.family = selector.family == 6 ? AF_INET6 : AF_INET;
  CopyAddress(selector.src, out.saddr);
  CopyAddress(selector.dst, out.daddr);
  out.prefixlen_s = selector.src_prefix;
  out.prefixlen_d = selector.dst_prefix;
  out.proto = static_cast<uint8_t>(selector.proto.value_or(0));
  SetPort(selector.sport, out.sport, out.sport_mask);
  SetPort(selector.dport, out.dport, out.dport_mask);
  return out;
}

xfrm_lifetime_cfg LifetimeOf(const XfrmLimits& limits) {
  return {
      .soft_byte_limit = limits.byte_soft.value_or(XFRM_INF),
      .hard_byte_limit = limits.byte_hard.value_or(XFRM_INF),
      .soft_packet_limit = limits.packet_soft.value_or(XFRM_INF),
      .hard_packet_limit = limits.packet_hard.value_or(XFRM_INF),
      .soft_add_expires_seconds = limits.time_soft.value_or(0),
      .hard_add_expires_seconds = limits.time_hard.value_or(0),
      .soft_use_expires_seconds = limits.time_use_soft.value_or(0),
      .hard_use_expires_seconds = limits.time_use_hard.value_or(0),
  };
}

void PutMark(Message& message, const std::optional<uint32_t>& mark, uint32_t mask) {
  if (!mark) return;
  const xfrm_mark out = {.v = *mark, .m = mask};
  message.Put(CNM_NAMED(XFRMA_MARK), &out, sizeof out);
}

xfrm_mark MarkIn(const Attributes& attributes) { return attributes.Struct<xfrm_mark>(XFRMA_MARK); }

std::span<const Word> XfrmProtocols() { return kSelectable; }

bool HasXfrmPorts(uint32_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

std::span<const Word> XfrmTransforms() { return kTransforms; }

std::span<const Word> XfrmModes() { return kXfrmModes; }

}  // namespace cnm
