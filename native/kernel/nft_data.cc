#include "kernel/nft_data.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

namespace cnm {

namespace {

constexpr Word kProtocolWords[] = {{"icmp", IPPROTO_ICMP},
                                   {"tcp", IPPROTO_TCP},
                                   {"udp", IPPROTO_UDP},
                                   {"ipv6-icmp", IPPROTO_ICMPV6},
                                   {"sctp", IPPROTO_SCTP}};
constexpr Word kFamilyWords[] = {{"ipv4", NFPROTO_IPV4}, {"ipv6", NFPROTO_IPV6}};
constexpr Word kAddressKindWords[] = {{"local", RTN_LOCAL}};
constexpr Word kStateWords[] = {{"invalid", NF_CT_STATE_INVALID_BIT},
                                {"established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED)},
                                {"related", NF_CT_STATE_BIT(IP_CT_RELATED)},
                                {"new", NF_CT_STATE_BIT(IP_CT_NEW)},
                                {"untracked", NF_CT_STATE_UNTRACKED_BIT}};
constexpr Word kStatusWords[] = {{"snat", IPS_SRC_NAT}, {"dnat", IPS_DST_NAT}};

void Append(const void* from, size_t size, NftData& data) {
  memcpy(data.bytes.data() + data.size, from, size);
  data.size += size;
}

bool AppendNumber(uint32_t number, size_t size, NftData& data) {
  const auto byte = static_cast<uint8_t>(number);
  if (size == sizeof byte) {
    Append(&byte, size, data);
  } else {
    Append(&number, size, data);
  }
  return true;
}

bool AppendWord(const NftType& type, const std::string& text, NftData& data) {
  const auto found = std::ranges::find_if(type.words, [&](const Word& word) { return text == word.name; });
  return found != type.words.end() && AppendNumber(found->value, type.size, data);
}

/** An address as it is written: a name is for libnftables to look up. */
bool AppendAddress(int family, const std::string& text, size_t size, NftData& data) {
  uint8_t address[sizeof(in6_addr)];
  if (inet_pton(family, text.c_str(), address) != 1) return false;
  Append(address, size, data);
  return true;
}

/** An asterisk at the end stands for the rest of the name, unless a backslash says that it is one. */
bool AppendLinkName(std::string name, NftData& data) {
  if (name.starts_with('@')) return false;
  if (name.ends_with("\\*")) {
    name.erase(name.size() - 2, 1);
  } else if (name.ends_with('*')) {
    return false;
  }
  const size_t size = nft::kLinkName.size;
  if (name.empty() || name.size() >= size) return false;
  name.resize(size);
  Append(name.data(), size, data);
  return true;
}

bool AppendPort(int64_t port, NftData& data) {
  if (port < 0 || port > UINT16_MAX) return false;
  const uint16_t number = htons(static_cast<uint16_t>(port));
  Append(&number, sizeof number, data);
  return true;
}

}  // namespace

namespace nft {
constexpr uint32_t kHostOrder = 1;
constexpr uint32_t kNetworkOrder = 2;
const NftType kIpv4 = {.name = "ipv4_addr", .number = 7, .size = 4, .byte_order = kNetworkOrder};
const NftType kIpv6 = {.name = "ipv6_addr", .number = 8, .size = 16, .byte_order = kNetworkOrder};
const NftType kProtocol = {.name = "inet_proto", .number = 12, .size = 1, .byte_order = 0, .words = kProtocolWords};
const NftType kPort = {.name = "inet_service", .number = 13, .size = 2, .byte_order = kNetworkOrder};
const NftType kLinkName = {.name = "ifname", .number = 41, .size = 16, .byte_order = kHostOrder};
const NftType kFamily = {.name = "nf_proto", .number = 2, .size = 1, .byte_order = kHostOrder, .words = kFamilyWords};
const NftType kAddressKind = {
    .name = "fib_addrtype", .number = 0, .size = 4, .byte_order = kHostOrder, .words = kAddressKindWords};
const NftType kConnectionState = {
    .name = "ct_state", .number = 0, .size = 4, .byte_order = kHostOrder, .words = kStateWords};
const NftType kConnectionStatus = {
    .name = "ct_status", .number = 0, .size = 4, .byte_order = kHostOrder, .words = kStatusWords};
}  // namespace nft

const NftType* FindNftType(std::string_view name) {
  static constexpr const NftType* kTypes[] = {&nft::kIpv4, &nft::kIpv6,     &nft::kProtocol,
                                              &nft::kPort, &nft::kLinkName, &nft::kFamily};
  const auto* const found = std::ranges::find_if(kTypes, [&](const NftType* type) { return name == type->name; });
  return found == std::end(kTypes) ? nullptr : *found;
}

bool AppendConstant(const NftType& type, const Json& constant, NftData& data) {
  if (data.size + type.size > data.bytes.size()) return false;
  if (&type == &nft::kPort) return constant.Number() && AppendPort(*constant.Number(), data);
  if (!constant.Text()) return false;
  const std::string& text = *constant.Text();
  if (&type == &nft::kIpv4) return AppendAddress(AF_INET, text, type.size, data);
  if (&type == &nft::kIpv6) return AppendAddress(AF_INET6, text, type.size, data);
  if (&type == &nft::kLinkName) return AppendLinkName(text, data);
  return AppendWord(type, text, data);
}

}  // namespace cnm
