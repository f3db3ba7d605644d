#include "kernel/wireguard.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "kernel/attributes.h"
#include "kernel/link.h"

namespace cnm {

namespace {

/** A message has room for as many allowed IPs; a peer itself takes that of three. */
constexpr size_t kRoom = 90;
constexpr size_t kPeerTakes = 3;
static_assert(sizeof(WireguardKey) == WG_KEY_LEN);

genlmsghdr HeaderOf(Named command, uint8_t version) {
  genlmsghdr header{};
  header.cmd = static_cast<uint8_t>(command.value);
  header.version = version;
  return header;
}

/** The number by which generic netlink knows a family; to ask for it loads its module. */
Refused FamilyOf(Socket& socket, const char* name, int& family) {
  Message message({.value = GENL_ID_CTRL, .name = "CTRL_CMD_GETFAMILY"}, 0, HeaderOf(CNM_NAMED(CTRL_CMD_GETFAMILY), 1));
  message.PutName(CNM_NAMED(CTRL_ATTR_FAMILY_NAME), name);
  return socket.Ask(message, [&](const nlmsghdr* reply) {
    if (HeaderIn<genlmsghdr>(reply)) family = Attributes(reply, sizeof(genlmsghdr)).U16(CTRL_ATTR_FAMILY_ID);
  });
}

Message Request(int family, Named command, int flags, int32_t link) {
  Message message({.value = family, .name = command.name}, flags, HeaderOf(command, WG_GENL_VERSION));
  message.PutU32(CNM_NAMED(WGDEVICE_A_IFINDEX), static_cast<uint32_t>(link));
  return message;
}

/** What each peer of a link may send. */
using Held = std::map<WireguardKey, std::set<AllowedIp>>;

AllowedIp AllowedIpIn(const Attributes& attributes) {
  AllowedIp allowed;
  allowed.prefix = attributes.U8(WGALLOWEDIP_A_CIDR_MASK);
  allowed.address.length = attributes.U16(WGALLOWEDIP_A_FAMILY) == AF_INET6 ? 16 : 4;
  attributes.Bytes(WGALLOWEDIP_A_IPADDR, allowed.address.bytes);
  return allowed;
}

/** A peer with many addresses is told of several times. */
void TakePeers(const nlmsghdr* reply, Held& held) {
  if (!HeaderIn<genlmsghdr>(reply)) return;
  Attributes(reply, sizeof(genlmsghdr)).ForEachIn(WGDEVICE_A_PEERS, [&](const Attributes& peer) {
    WireguardKey key{};
    if (!peer.Bytes(WGPEER_A_PUBLIC_KEY, key)) return;
    std::set<AllowedIp>& allowed_ips = held[key];
    peer.ForEachIn(WGPEER_A_ALLOWEDIPS, [&](const Attributes& allowed) { allowed_ips.insert(AllowedIpIn(allowed)); });
  });
}

void PutEndpoint(Message& message, const Address& address, uint16_t port) {
  if (address.length == 16) {
    sockaddr_in6 endpoint{};
    endpoint.sin6_family = AF_INET6;
    endpoint.sin6_port = htons(port);
    memcpy(&endpoint.sin6_addr, address.bytes.data(), sizeof endpoint.sin6_addr);
    message.Put(CNM_NAMED(WGPEER_A_ENDPOINT), &endpoint, sizeof endpoint);
  } else {
    sockaddr_in endpoint{};
    endpoint.sin_family = AF_INET;
    endpoint.sin_port = htons(port);
    memcpy(&endpoint.sin_addr, address.bytes.data(), sizeof endpoint.sin_addr);
    message.Put(CNM_NAMED(WGPEER_A_ENDPOINT), &endpoint, sizeof endpoint);
  }
}

// What is in a list has no number: the kernel does not look at it.
constexpr Named kItem = {.value = NLA_F_NESTED, .name = "peer"};
constexpr Named kAllowedIp = {.value = NLA_F_NESTED, .name = "allowed IP"};

/** What of a peer goes into one message: the first part says where it is. */
struct Part {
  const WireguardPeer& peer;
  std::vector<AllowedIp> allowed_ips;
  bool first;
  /** Takes the place of all that was allowed. */
  bool replaces;
};

/**
 * Only what is not so already: the kernel takes all away before it allows anew, and what is sent in between is lost. An
 * address that another peer has leaves that one.
 */
std::vector<Part> PartsOf(const std::vector<WireguardPeer>& peers, Held& held) {
  std::vector<Part> parts;
  for (const WireguardPeer& peer : peers) {
    std::set<AllowedIp>& has = held[peer.public_key];
    const std::set<AllowedIp> wanted(peer.allowed_ips.begin(), peer.allowed_ips.end());
    const bool replaces = !std::ranges::includes(wanted, has);
    std::vector<AllowedIp> told;
    std::ranges::copy_if(peer.allowed_ips, std::back_inserter(told),
                         [&](const AllowedIp& allowed) { return replaces || !has.contains(allowed); });
    for (const AllowedIp& allowed : told) {
      for (auto& [_, others] : held) others.erase(allowed);
    }
    has = wanted;
    std::span<const AllowedIp> rest = told;
    bool first = true;
    do {
      const auto some = rest.first(std::min(rest.size(), kRoom - kPeerTakes));
      parts.push_back({peer, {some.begin(), some.end()}, first, first && replaces});
      rest = rest.subspan(some.size());
      first = false;
    } while (!rest.empty());
  }
  return parts;
}

/** How many of `parts`, from the first, go into one message. */
size_t Fitting(std::span<const Part> parts) {
  size_t taken = 0, count = 0;
  for (const Part& part : parts) {
    taken += kPeerTakes + part.allowed_ips.size();
    if (taken > kRoom) break;
    count++;
  }
  return count;
}

void PutPart(Message& message, const Part& part) {
  const WireguardPeer& peer = part.peer;
  const Message::Nest item(message, kItem);
  message.Put(CNM_NAMED(WGPEER_A_PUBLIC_KEY), peer.public_key.data(), peer.public_key.size());
  if (part.replaces) message.PutU32(CNM_NAMED(WGPEER_A_FLAGS), WGPEER_F_REPLACE_ALLOWEDIPS);
  if (part.first) PutEndpoint(message, peer.endpoint, peer.port);
  const Message::Nest list(message, Nested(CNM_NAMED(WGPEER_A_ALLOWEDIPS)));
  for (const AllowedIp& allowed : part.allowed_ips) {
    const Message::Nest entry(message, kAllowedIp);
    message.PutU16(CNM_NAMED(WGALLOWEDIP_A_FAMILY), allowed.address.length == 16 ? AF_INET6 : AF_INET);
    message.PutAddress(CNM_NAMED(WGALLOWEDIP_A_IPADDR), allowed.address);
    message.PutU8(CNM_NAMED(WGALLOWEDIP_A_CIDR_MASK), allowed.prefix);
  }
}

void PutRemoval(Message& message, const WireguardKey& key) {
  const Message::Nest item(message, kItem);
  message.Put(CNM_NAMED(WGPEER_A_PUBLIC_KEY), key.data(), key.size());
  message.PutU32(CNM_NAMED(WGPEER_A_FLAGS), WGPEER_F_REMOVE_ME);
}

}  // namespace

Refused SyncWireguard(Place& place, const WireguardSync& sync) {
  int32_t link;
  if (Refused refusal = ResolveLink(place, sync.link, "", link)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Generic(socket)) return refusal;
  int family = 0;
  if (Refused refusal = FamilyOf(*socket, WG_GENL_NAME, family)) return refusal;

  Held held;
  Message dump = Request(family, CNM_NAMED(WG_CMD_GET_DEVICE), NLM_F_DUMP, link);
  const auto on_reply = [&](const nlmsghdr* reply) { TakePeers(reply, held); };
  if (Refused refusal = place.DumpGeneric(dump, on_reply, [&] { held.clear(); })) return refusal;
  if (Refused refusal = place.Generic(socket)) return refusal;
  std::set<WireguardKey> gone;
  for (const auto& [key, _] : held) gone.insert(key);
  for (const WireguardPeer& peer : sync.peers) gone.erase(peer.public_key);

  Message settings = Request(family, CNM_NAMED(WG_CMD_SET_DEVICE), 0, link);
  settings.Put(CNM_NAMED(WGDEVICE_A_PRIVATE_KEY), sync.private_key.data(), sync.private_key.size());
  settings.PutU16(CNM_NAMED(WGDEVICE_A_LISTEN_PORT), sync.listen_port);
  if (Refused refusal = socket->Ask(settings)) return refusal;

  // Those that go do so first: another one may have their addresses.
  for (const WireguardKey& key : gone) {
    Message message = Request(family, CNM_NAMED(WG_CMD_SET_DEVICE), 0, link);
    {
      const Message::Nest list(message, Nested(CNM_NAMED(WGDEVICE_A_PEERS)));
      PutRemoval(message, key);
    }
    if (Refused refusal = socket->Ask(message)) return refusal;
    held.erase(key);
  }
  const std::vector<Part> parts = PartsOf(sync.peers, held);
  for (std::span<const Part> rest = parts; !rest.empty();) {
    const auto some = rest.first(Fitting(rest));
    Message message = Request(family, CNM_NAMED(WG_CMD_SET_DEVICE), 0, link);
    {
      const Message::Nest list(message, Nested(CNM_NAMED(WGDEVICE_A_PEERS)));
      for (const Part& part : some) PutPart(message, part);
    }
    if (Refused refusal = socket->Ask(message)) return refusal;
    rest = rest.subspan(some.size());
  }
  return {};
}

}  // namespace cnm
