#include "kernel/frames.h"

#include <doctest/doctest.h>

#include "reply.h"

using namespace cnm;

namespace {

constexpr Mac kMac = {2, 0, 0, 0, 0, 1};
constexpr Address kV4 = {.length = 4, .bytes = {192, 0, 2, 1}};
constexpr Address kV6 = {.length = 16, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

constexpr size_t kEthernet = 14;
constexpr size_t kIpv6 = 40;

/** Internet checksum (RFC 1071); of what bears its own it is 0. */
uint16_t ChecksumOf(Bytes bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i++) sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
  return static_cast<uint16_t>(~(sum % 0xffff));
}

Bytes Part(const Bytes& frame, size_t begin, size_t size) {
  const auto from = frame.begin() + static_cast<ptrdiff_t>(begin);
  return {from, from + static_cast<ptrdiff_t>(size)};
}

}  // namespace

TEST_SUITE_BEGIN("frames");

TEST_CASE("a gratuitous ARP request asks everybody for our own address") {
  const Bytes wanted = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0, 0, 0, 0, 1, 0x08, 0x06,  // Ethernet
      0,    1,    0x08, 0,    6,    4,    0,   1,                          // of Ethernet and IPv4, a request
      2,    0,    0,    0,    0,    1,    192, 0, 2, 1,                    // from
      0,    0,    0,    0,    0,    0,    192, 0, 2, 1,                    // to
  };
  CHECK_EQ(GratuitousArp(kMac, kV4, false), wanted);
}

TEST_CASE("as a reply it is addressed to whom it is from") {
  const Bytes frame = GratuitousArp(kMac, kV4, true);
  CHECK_EQ(Part(frame, kEthernet + 6, 2), Bytes{0, 2});
  CHECK_EQ(Part(frame, kEthernet + 18, 6), Bytes(kMac.begin(), kMac.end()));
}

TEST_CASE("a neighbour advertisement goes to all nodes, and no router passes it on") {
  const Bytes frame = NeighbourAdvertisement(kMac, kV6, false);
  REQUIRE_EQ(frame.size(), kEthernet + kIpv6 + 32);
  CHECK_EQ(Part(frame, 0, kEthernet), Bytes{0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd});
  CHECK_EQ(Part(frame, kEthernet, 8), Bytes{0x60, 0, 0, 0, 0, 32, 58, 255});
  CHECK_EQ(Part(frame, kEthernet + 8, 16), Bytes(kV6.bytes.begin(), kV6.bytes.end()));
  CHECK_EQ(Part(frame, kEthernet + 24, 16), Bytes{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("it overrides what was known, for a router too, and has its own MAC as an option") {
  for (const bool router : {false, true}) {
    CAPTURE(router);
    const Bytes frame = NeighbourAdvertisement(kMac, kV6, router);
    const Bytes body = Part(frame, kEthernet + kIpv6, 32);
    CHECK_EQ(Part(body, 0, 2), Bytes{136, 0});
    CHECK_EQ(body[4], router ? 0xa0 : 0x20);
    CHECK_EQ(Part(body, 8, 16), Bytes(kV6.bytes.begin(), kV6.bytes.end()));
    CHECK_EQ(Part(body, 24, 8), Bytes{2, 1, 2, 0, 0, 0, 0, 1});
  }
}

TEST_CASE("its checksum covers both addresses, length and protocol") {
  // The last sums to more than 0xffff more than once.
  for (const uint8_t byte : {0x00, 0x01, 0x80, 0xff}) {
    CAPTURE(byte);
    Address address = {.length = 16, .bytes = {}};
    address.bytes.fill(byte);
    const Bytes frame = NeighbourAdvertisement({byte, byte, byte, byte, byte, byte}, address, true);
    Bytes covered = Part(frame, kEthernet + 8, frame.size() - kEthernet - 8);
    for (const uint8_t more : {0, 32, 0, 58}) covered.push_back(more);
    CHECK_EQ(ChecksumOf(covered), 0xffff);
  }
}

TEST_SUITE_END();
