#include "kernel/frames.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>

#include <cstring>
#include <span>

namespace cnm {

namespace {

constexpr Mac kEveryMac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/** ff02::1, all nodes of the link, and its MAC address. */
constexpr uint8_t kAllNodes[sizeof(in6_addr)] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr Mac kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};

/** Neighbours take no advertisement that a router could have passed on. */
constexpr uint8_t kHopLimit = 255;

struct Advertisement {
  nd_neighbor_advert head;
  nd_opt_hdr option;
  uint8_t mac[sizeof(Mac)];
};
static_assert(sizeof(Advertisement) == 32);

template <typename Body>
struct [[gnu::packed]] Frame {
  ether_header ethernet;
  Body body;
};

struct [[gnu::packed]] Packet {
  ip6_hdr ip;
  Advertisement advertisement;
};

template <typename Body>
std::vector<uint8_t> Joined(const ether_header& ethernet, const Body& body) {
  const Frame<Body> frame{.ethernet = ethernet, .body = body};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&frame);
  return {bytes, bytes + sizeof frame};
}

ether_header EthernetHeader(const Mac& to, const Mac& from, uint16_t type) {
  ether_header header{};
  memcpy(header.ether_dhost, to.data(), to.size());
  memcpy(header.ether_shost, from.data(), from.size());
  header.ether_type = htons(type);
  return header;
}

uint32_t Sum(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  return sum;
}

/** Of ICMPv6, over a pseudo-header too (RFC 8200, 8.1). */
uint16_t Checksum(const ip6_hdr& ip, const Advertisement& advertisement) {
  const auto* addresses = reinterpret_cast<const uint8_t*>(&ip.ip6_src);
  const auto* body = reinterpret_cast<const uint8_t*>(&advertisement);
  uint32_t sum = Sum({addresses, 2 * sizeof(in6_addr)}) + Sum({body, sizeof advertisement}) +
                 static_cast<uint32_t>(sizeof advertisement) + IPPROTO_ICMPV6;
  while (sum > UINT16_MAX) sum = (sum & UINT16_MAX) + (sum >> 16);
  return htons(static_cast<uint16_t>(~sum));
}

}  // namespace

std::vector<uint8_t> GratuitousArp(const Mac& mac, const Address& address, bool reply) {
  ether_arp arp{};
  arp.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
                .ar_pro = htons(ETHERTYPE_IP),
                .ar_hln = sizeof arp.arp_sha,
                .ar_pln = sizeof arp.arp_spa,
                .ar_op = htons(reply ? ARPOP_REPLY : ARPOP_REQUEST)};
  memcpy(arp.arp_sha, mac.data(), sizeof arp.arp_sha);
  memcpy(arp.arp_spa, address.bytes.data(), sizeof arp.arp_spa);
  // Linux takes a reply for gratuitous only when it is to whom it is from.
  if (reply) memcpy(arp.arp_tha, mac.data(), sizeof arp.arp_tha);
  memcpy(arp.arp_tpa, address.bytes.data(), sizeof arp.arp_tpa);
  return Joined(EthernetHeader(kEveryMac, mac, ETHERTYPE_ARP), arp);
}

std::vector<uint8_t> NeighbourAdvertisement(const Mac& mac, const Address& address, bool router) {
  Advertisement advertisement{};
  advertisement.head.nd_na_type = ND_NEIGHBOR_ADVERT;
  advertisement.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (router ? ND_NA_FLAG_ROUTER : 0);
  memcpy(&advertisement.head.nd_na_target, address.bytes.data(), sizeof(in6_addr));
  advertisement.option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1};
  memcpy(advertisement.mac, mac.data(), sizeof advertisement.mac);
  ip6_hdr ip{};
  ip.ip6_flow = htonl(6u << 28);
  ip.ip6_plen = htons(sizeof advertisement);
  ip.ip6_nxt = IPPROTO_ICMPV6;
  ip.ip6_hlim = kHopLimit;
  memcpy(&ip.ip6_src, address.bytes.data(), sizeof ip.ip6_src);
  memcpy(&ip.ip6_dst, kAllNodes, sizeof ip.ip6_dst);
  advertisement.head.nd_na_cksum = Checksum(ip, advertisement);
  return Joined(EthernetHeader(kAllNodesMac, mac, ETHERTYPE_IPV6), Packet{.ip = ip, .advertisement = advertisement});
}

}  // namespace cnm
