#include "kernel/nft_source.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <iterator>

namespace cnm {

namespace {

using Kind = NftSource::Kind;

const NftSource kSources[] = {
    {Kind::kMeta, "iifname", &nft::kLinkName, NFT_META_IIFNAME},
    {Kind::kMeta, "oifname", &nft::kLinkName, NFT_META_OIFNAME},
    {Kind::kMeta, "l4proto", &nft::kProtocol, NFT_META_L4PROTO},
    {Kind::kConnection, "state", &nft::kConnectionState, NFT_CT_STATE},
    {Kind::kConnection, "status", &nft::kConnectionStatus, NFT_CT_STATUS},
    {Kind::kPayload, "saddr", &nft::kIpv4, NFT_PAYLOAD_NETWORK_HEADER, "ip", 12, NFPROTO_IPV4},
    {Kind::kPayload, "daddr", &nft::kIpv4, NFT_PAYLOAD_NETWORK_HEADER, "ip", 16, NFPROTO_IPV4},
    {Kind::kPayload, "saddr", &nft::kIpv6, NFT_PAYLOAD_NETWORK_HEADER, "ip6", 8, NFPROTO_IPV6},
    {Kind::kPayload, "daddr", &nft::kIpv6, NFT_PAYLOAD_NETWORK_HEADER, "ip6", 24, NFPROTO_IPV6},
    {Kind::kPayload, "sport", &nft::kPort, NFT_PAYLOAD_TRANSPORT_HEADER, "th", 0},
    {Kind::kPayload, "dport", &nft::kPort, NFT_PAYLOAD_TRANSPORT_HEADER, "th", 2},
};

const NftSource kAddressKindOfRoute = {Kind::kRoute, "type", &nft::kAddressKind, NFT_FIB_RESULT_ADDRTYPE};

const NftSource* FindSource(Kind kind, const std::string& name, const std::string& protocol = "") {
  const auto* const found = std::ranges::find_if(kSources, [&](const NftSource& source) {
    return source.kind == kind && name == source.name && protocol == source.protocol;
  });
  return found == std::end(kSources) ? nullptr : found;
}

/** {"meta": {"key": ...}} and the like; null for what we have no words for. */
const NftSource* SourceOf(const Json& expression) {
  const auto only = expression.Only();
  if (!only) return nullptr;
  const std::string& kind = only->name;
  JsonFields fields(only->value);
  std::string name, protocol;
  const NftSource* found = nullptr;
  if (kind == "meta" && fields.TakeText("key", name)) {
    found = name == kNftFamily.name ? &kNftFamily : FindSource(Kind::kMeta, name);
  } else if (kind == "ct" && fields.TakeText("key", name)) {
    found = FindSource(Kind::kConnection, name);
  } else if (kind == "payload" && fields.TakeText("protocol", protocol) && fields.TakeText("field", name)) {
    found = FindSource(Kind::kPayload, name, protocol);
  } else if (kind == "fib" && fields.TakeText("result", name)) {
    const Json* flags = fields.Take("flags");
    const std::vector<Json>* of = flags ? flags->Items() : nullptr;
    const bool destination = of && of->size() == 1 && of->front().Text() && *of->front().Text() == "daddr";
    if (name == kAddressKindOfRoute.name && destination) found = &kAddressKindOfRoute;
  }
  return fields.AllTaken() ? found : nullptr;
}

/** The source is null for what we have no words for. */
NftPart PartOf(const Json& expression) {
  const auto only = expression.Only();
  if (!only || only->name != "&") return {.source = SourceOf(expression), .mask = {}};
  const std::vector<Json>* of = only->value.Items();
  const NftSource* source = of && of->size() == 2 ? SourceOf(of->front()) : nullptr;
  NftData mask;
  // Of numbers, libnftables minds the order of their bytes.
  if (!source || source->family == 0 || !AppendConstant(*source->type, of->back(), mask)) return {};
  return {.source = source, .mask = mask};
}

}  // namespace

const NftSource kNftFamily = {Kind::kMeta, "nfproto", &nft::kFamily, NFT_META_NFPROTO};

NftSources SourcesOf(const Json& expression) {
  const auto only = expression.Only();
  const bool many = only && only->name == "concat" && only->value.Items();
  NftSources sources;
  if (many) {
    for (const Json& part : *only->value.Items()) sources.push_back(PartOf(part));
  } else {
    sources.push_back(PartOf(expression));
  }
  if (std::ranges::find(sources, nullptr, &NftPart::source) != sources.end()) return {};
  return sources;
}

std::optional<std::string> SetNamedIn(const Json& expression) {
  const std::string* text = expression.Text();
  if (!text || !text->starts_with('@')) return {};
  return text->substr(1);
}

std::optional<NftLookup> LookupOf(const Json& json) {
  JsonFields fields(json);
  const Json* key = fields.Take("key");
  const Json* data = fields.Take("data");
  if (!key || !data || !fields.AllTaken()) return {};
  const auto set = SetNamedIn(*data);
  NftSources sources = SourcesOf(*key);
  if (!set || sources.empty()) return {};
  return NftLookup{.key = std::move(sources), .set = *set};
}

}  // namespace cnm
