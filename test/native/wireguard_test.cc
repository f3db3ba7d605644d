#include "kernel/wireguard.h"

#include <doctest/doctest.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "kernel/attributes.h"
#include "script.h"
#include "space.h"

using namespace cnm;

namespace {

constexpr uint16_t kWireguardFamily = 0x2b;
constexpr int32_t kWireguardLink = 7;

WireguardKey KeyOf(uint8_t first) { return {first, 1, 2, 3}; }

WireguardPeer PeerOf(uint8_t first, size_t allowed_ips = 1) {
  WireguardPeer peer{.public_key = KeyOf(first), .endpoint = {.length = 4, .bytes = {192, 0, 2, first}}, .port = 51820};
  for (size_t i = 0; i < allowed_ips; i++) {
    const Address address{.length = 4, .bytes = {10, first, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)}};
    peer.allowed_ips.push_back({.address = address, .prefix = 32});
  }
  return peer;
}

WireguardSync SyncOf(std::vector<WireguardPeer> peers) {
  return {.link = kWireguardLink, .private_key = KeyOf(0xff), .listen_port = 51820, .peers = std::move(peers)};
}

genlmsghdr GenericHeader(uint8_t command) { return {.cmd = command, .version = 1, .reserved = 0}; }

Turn TellsFamily() {
  Reply reply(GENL_ID_CTRL);
  reply.Put(GenericHeader(CTRL_CMD_NEWFAMILY)).Attribute(CTRL_ATTR_FAMILY_ID, kWireguardFamily);
  return {reply.bytes(), ErrorReply(0).bytes()};
}

/** The link's peers, as a dump tells of them. */
Turn TellsPeers(const std::vector<WireguardPeer>& peers) {
  Reply reply(kWireguardFamily, NLM_F_MULTI);
  reply.Put(GenericHeader(WG_CMD_GET_DEVICE)).Open(WGDEVICE_A_PEERS);
  for (const WireguardPeer& peer : peers) {
    reply.Open(0).Attribute(WGPEER_A_PUBLIC_KEY, peer.public_key).Open(WGPEER_A_ALLOWEDIPS);
    for (const AllowedIp& allowed : peer.allowed_ips) {
      const auto& bytes = allowed.address.bytes;
      reply.Open(0).Attribute(WGALLOWEDIP_A_FAMILY, uint16_t{AF_INET});
      reply.Attribute(WGALLOWEDIP_A_IPADDR, std::array<uint8_t, 4>{bytes[0], bytes[1], bytes[2], bytes[3]});
      reply.Attribute(WGALLOWEDIP_A_CIDR_MASK, allowed.prefix).Close();
    }
    reply.Close().Close();
  }
  reply.Close();
  return {Datagram({std::move(reply), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)})};
}

/** What the kernel was told of one peer. */
struct ToldPeer {
  uint8_t first = 0;
  uint32_t flags = 0;
  bool endpoint = false;
  std::vector<std::array<uint8_t, 4>> allowed_ips;
};

std::vector<ToldPeer> PeersIn(const Bytes& request) {
  std::vector<ToldPeer> all;
  const Attributes device(reinterpret_cast<const nlmsghdr*>(request.data()), sizeof(genlmsghdr));
  device.ForEachIn(WGDEVICE_A_PEERS, [&](const Attributes& peer) {
    ToldPeer told;
    WireguardKey key{};
    REQUIRE(peer.Bytes(WGPEER_A_PUBLIC_KEY, key));
    told.first = key[0];
    told.flags = peer.U32(WGPEER_A_FLAGS);
    told.endpoint = peer.Raw(WGPEER_A_ENDPOINT).second > 0;
    peer.ForEachIn(WGPEER_A_ALLOWEDIPS, [&](const Attributes& allowed) {
      REQUIRE(allowed.Bytes(WGALLOWEDIP_A_IPADDR, told.allowed_ips.emplace_back()));
    });
    all.push_back(std::move(told));
  });
  return all;
}

struct Synced {
  Synced(const WireguardSync& sync, std::deque<Turn> turns) {
    Space space;
    Socket* socket = nullptr;
    REQUIRE_FALSE(space->Generic(socket));
    Script script(std::move(turns));
    refusal = SyncWireguard(*space, sync);
    requests = script.requests();
  }
  /** Behind the family, the dump and the settings. */
  std::vector<ToldPeer> Changes() const {
    std::vector<ToldPeer> all;
    for (size_t i = 3; i < requests.size(); i++) std::ranges::move(PeersIn(requests[i]), std::back_inserter(all));
    return all;
  }
  Refused refusal;
  std::vector<Bytes> requests;
};

}  // namespace

TEST_SUITE_BEGIN("wireguard");

TEST_CASE("a peer that goes does so before the others come: one of them may have its addresses") {
  const Synced synced(SyncOf({PeerOf(2), PeerOf(3)}),
                      {TellsFamily(), TellsPeers({PeerOf(1), PeerOf(2, 0)}), Says(0), Says(0), Says(0)});
  REQUIRE_FALSE(synced.refusal);
  const std::vector<ToldPeer> changes = synced.Changes();
  REQUIRE_EQ(changes.size(), 3);
  CHECK_EQ(changes[0].first, 1);
  CHECK_EQ(changes[0].flags, WGPEER_F_REMOVE_ME);
  CHECK_EQ(changes[1].first, 2);
  CHECK_EQ(changes[1].flags, 0);
  CHECK(changes[1].endpoint);
  CHECK_EQ(changes[2].allowed_ips, std::vector<std::array<uint8_t, 4>>{{10, 3, 0, 0}});
}

TEST_CASE("what a peer may send already is not taken from it for a moment") {
  const auto told = [](const WireguardPeer& there, const WireguardPeer& wanted) {
    const Synced synced(SyncOf({wanted}), {TellsFamily(), TellsPeers({there}), Says(0), Says(0)});
    REQUIRE_FALSE(synced.refusal);
    REQUIRE_EQ(synced.Changes().size(), 1);
    return synced.Changes()[0];
  };
  const ToldPeer same = told(PeerOf(1, 2), PeerOf(1, 2)), more = told(PeerOf(1, 2), PeerOf(1, 3)),
                 less = told(PeerOf(1, 3), PeerOf(1, 2));
  CHECK(same.endpoint);
  CHECK_EQ(same.flags, 0);
  CHECK_EQ(same.allowed_ips.size(), 0);
  CHECK_EQ(more.flags, 0);
  CHECK_EQ(more.allowed_ips, std::vector<std::array<uint8_t, 4>>{{10, 1, 0, 2}});
  CHECK_EQ(less.flags, WGPEER_F_REPLACE_ALLOWEDIPS);
  CHECK_EQ(less.allowed_ips.size(), 2);
}

TEST_CASE("of peers that may send the same the last one has it, every time") {
  WireguardPeer first = PeerOf(1), last = PeerOf(2), robbed = PeerOf(1, 0);
  last.allowed_ips = first.allowed_ips;
  for (const auto& there : {std::vector{first, PeerOf(2, 0)}, std::vector{robbed, last}}) {
    const Synced synced(SyncOf({first, last}), {TellsFamily(), TellsPeers(there), Says(0), Says(0)});
    REQUIRE_FALSE(synced.refusal);
    REQUIRE_EQ(synced.Changes().size(), 2);
    CHECK_EQ(synced.Changes()[1].allowed_ips.size(), 1);
  }
}

TEST_CASE("peers and allowed IPs go into as many messages as they take, and none is lost") {
  std::vector<WireguardPeer> peers;
  for (uint8_t first = 1; first <= 100; first++) peers.push_back(PeerOf(first, first == 50 ? 1000 : first % 3));
  // One of them may send what it is not to send any more.
  std::deque<Turn> turns{TellsFamily(), TellsPeers({PeerOf(50, 1001)})};
  for (int i = 0; i < 100; i++) turns.push_back(Says(0));
  const Synced synced(SyncOf(peers), turns);
  REQUIRE_FALSE(synced.refusal);
  const std::vector<ToldPeer> changes = synced.Changes();
  for (const WireguardPeer& peer : peers) {
    std::vector<std::array<uint8_t, 4>> told, wanted;
    int parts = 0;
    for (const ToldPeer& part : changes) {
      if (part.first != peer.public_key[0]) continue;
      // Only the first may take the place of what the others have brought.
      CHECK_EQ(part.flags == WGPEER_F_REPLACE_ALLOWEDIPS, part.first == 50 && parts == 0);
      CHECK_EQ(part.endpoint, parts == 0);
      std::ranges::copy(part.allowed_ips, std::back_inserter(told));
      parts++;
    }
    for (const AllowedIp& allowed : peer.allowed_ips) {
      const auto& bytes = allowed.address.bytes;
      wanted.push_back({bytes[0], bytes[1], bytes[2], bytes[3]});
    }
    CHECK_EQ(told, wanted);
    CHECK_EQ(parts, peer.allowed_ips.size() > 90 ? 12 : 1);
  }
}

TEST_CASE("a list of peers that is cut off is read as far as it goes") {
  Reply reply(kWireguardFamily, NLM_F_MULTI);
  reply.Put(GenericHeader(WG_CMD_GET_DEVICE))
      .Open(WGDEVICE_A_PEERS)
      .Open(0)
      .Attribute(WGPEER_A_PUBLIC_KEY, KeyOf(1))
      .Close();
  reply.Open(0).Claim(WGPEER_A_PUBLIC_KEY, 400).Close().Close();
  const Turn told{Datagram({std::move(reply), Reply(NLMSG_DONE, NLM_F_MULTI).Put(0)})};
  const Synced synced(SyncOf({}), {TellsFamily(), told, Says(0), Says(0)});
  REQUIRE_FALSE(synced.refusal);
  REQUIRE_EQ(synced.Changes().size(), 1);
  CHECK_EQ(synced.Changes()[0].first, 1);
}

TEST_CASE(
    "a kernel without WireGuard, a link that is none, a port that is taken: each is a refusal of what was asked") {
  const Synced none(SyncOf({}), {Says(-ENOENT)});
  REQUIRE(none.refusal);
  CHECK_EQ(none.refusal->error, -ENOENT);
  CHECK_EQ(none.refusal->request, "CTRL_CMD_GETFAMILY");

  const Synced other(SyncOf({}), {TellsFamily(), Says(-EOPNOTSUPP)});
  REQUIRE(other.refusal);
  CHECK_EQ(other.refusal->error, -EOPNOTSUPP);
  CHECK_EQ(other.refusal->request, "WG_CMD_GET_DEVICE");

  const Synced taken(SyncOf({PeerOf(1)}), {TellsFamily(), TellsPeers({}), Says(-EADDRINUSE)});
  REQUIRE(taken.refusal);
  CHECK_EQ(taken.refusal->error, -EADDRINUSE);
  CHECK_EQ(taken.refusal->request, "WG_CMD_SET_DEVICE");
  // No peer was told of.
  CHECK_EQ(taken.requests.size(), 3);
}

TEST_SUITE_END();
