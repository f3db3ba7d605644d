#include "kernel/link.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>

#include "kernel/attributes.h"
#include "kernel/options.h"
#include "kernel/tun.h"

namespace cnm {

namespace {

ifinfomsg HeaderOf(const LinkRef& link) {
  ifinfomsg header{};
  if (const auto* index = std::get_if<int32_t>(&link)) header.ifi_index = *index;
  return header;
}

/** The kernel finds a link by name where the header has no ifindex. */
void PutNameOf(Message& message, const LinkRef& link) {
  if (const auto* name = std::get_if<std::string>(&link)) message.PutName(CNM_NAMED(IFLA_IFNAME), *name);
}

void PutBirth(Message& message, const Birth& birth) {
  message.PutName(CNM_NAMED(IFLA_IFNAME), birth.name);
  if (birth.mtu) message.PutU32(CNM_NAMED(IFLA_MTU), *birth.mtu);
  if (birth.mac) message.PutMac(CNM_NAMED(IFLA_ADDRESS), *birth.mac);
  if (birth.group) message.PutU32(CNM_NAMED(IFLA_GROUP), *birth.group);
}

void PutPeer(Message& message, const Birth& peer, int netns) {
  const Message::Nest data(message, CNM_NAMED(IFLA_INFO_DATA));
  const Message::Nest info(message, CNM_NAMED(VETH_INFO_PEER));
  const ifinfomsg header{};
  message.PutHeader(&header, sizeof header);
  PutBirth(message, peer);
  message.PutU32(CNM_NAMED(IFLA_NET_NS_FD), static_cast<uint32_t>(netns));
}

Refused PutOptions(Place& place, Message& message, const Settings& settings) {
  if (settings.empty()) return {};
  const Message::Nest data(message, CNM_NAMED(IFLA_INFO_DATA));
  return PutSettings(place, message, settings);
}

Refused PutPort(Place& place, Message& message, const Settings& port) {
  if (port.empty()) return {};
  message.PutName(CNM_NAMED(IFLA_INFO_SLAVE_KIND), "bridge");
  const Message::Nest data(message, CNM_NAMED(IFLA_INFO_SLAVE_DATA));
  return PutSettings(place, message, port);
}

/** What a link is, and what it is to its master: both are in one nest. */
Refused PutInfo(Place& place, Message& message, const std::string& kind, const Settings& settings,
                const Settings& port) {
  if (kind.empty() && port.empty()) return {};
  const Message::Nest info(message, CNM_NAMED(IFLA_LINKINFO));
  if (!kind.empty()) message.PutName(CNM_NAMED(IFLA_INFO_KIND), kind);
  if (Refused refusal = PutOptions(place, message, settings)) return refusal;
  return PutPort(place, message, port);
}

Refused SetPort(Place& place, Socket& socket, const LinkRef& link, const Settings& port) {
  Message message(CNM_NAMED(RTM_NEWLINK), 0, HeaderOf(link));
  PutNameOf(message, link);
  if (Refused refusal = PutInfo(place, message, "", {}, port)) return refusal;
  return socket.Ask(message);
}

/** What the link is, with its options. */
Refused PutKind(Place& place, Message& message, const LinkAdd& add, int peer_netns) {
  const Message::Nest info(message, CNM_NAMED(IFLA_LINKINFO));
  message.PutName(CNM_NAMED(IFLA_INFO_KIND), add.kind);
  if (add.peer) PutPeer(message, *add.peer, peer_netns);
  return PutOptions(place, message, add.settings);
}

void ReadIndex(const nlmsghdr* reply, int32_t& index) {
  if (const auto header = HeaderIn<ifinfomsg>(reply)) index = header->ifi_index;
}

/** A link and, of a pair, its other end; 0 where that is not told. */
struct Born {
  int32_t index = 0;
  int32_t peer = 0;
};

void ReadBorn(const nlmsghdr* reply, Born& born) {
  if (reply->nlmsg_type != RTM_NEWLINK) return;
  ReadIndex(reply, born.index);
  born.peer = Attributes(reply, sizeof(ifinfomsg)).Index(IFLA_LINK);
}

Refused FindLink(Socket& socket, const std::string& name, int32_t& index) {
  index = 0;
  Message message(CNM_NAMED(RTM_GETLINK), 0, ifinfomsg{});
  message.PutName(CNM_NAMED(IFLA_IFNAME), name);
  return socket.Ask(message, [&](const nlmsghdr* reply) { ReadIndex(reply, index); });
}

/** The kernel moves a link before it finds out that its new name is taken, and does not move it back. */
Refused CheckFree(Place& target, const std::string& name) {
  Socket* socket;
  if (Refused refusal = target.Route(socket)) return refusal;
  int32_t index;
  const Refused refusal = FindLink(*socket, name, index);
  if (!refusal) return Refusal{.error = -EEXIST, .attribute = "IFLA_IFNAME", .request = "RTM_NEWLINK"};
  return refusal->error == -ENODEV ? Refused() : refusal;
}

}  // namespace

Refused ResolveLink(Place& place, const LinkRef& link, const char* attribute, int32_t& index) {
  if (const auto* known = std::get_if<int32_t>(&link)) {
    index = *known;
    return {};
  }
  const auto& name = std::get<std::string>(link);
  if (const int32_t* known = place.KnownLink(name)) {
    index = *known;
    return {};
  }
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  Refused refusal = FindLink(*socket, name, index);
  if (!refusal) place.Know(name, index);
  if (refusal && refusal->error == -ENODEV) refusal->attribute = attribute;
  return refusal;
}

Refused AddLink(Place& place, Place* peer_place, Place* target, const LinkAdd& add, int32_t& index) {
  if (add.tun) return AddTun(place, add, index);
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  int peer_netns = -1;
  if (peer_place) {
    if (Refused refusal = peer_place->Descriptor(peer_netns)) return refusal;
  }
  int32_t parent = 0;
  if (add.parent) {
    if (Refused refusal = ResolveLink(place, *add.parent, "IFLA_LINK", parent)) return refusal;
  }
  ifinfomsg header{};
  if (add.up) header.ifi_flags = header.ifi_change = IFF_UP;
  // The echo of a link that is born elsewhere would go to whoever has our socket's number there.
  Message message(CNM_NAMED(RTM_NEWLINK), NLM_F_CREATE | NLM_F_EXCL | (target ? 0 : NLM_F_ECHO), header);
  PutBirth(message, add);
  if (target) {
    int netns;
    if (Refused refusal = target->Descriptor(netns)) return refusal;
    message.PutU32(CNM_NAMED(IFLA_NET_NS_FD), static_cast<uint32_t>(netns));
  }
  if (add.parent) message.PutU32(CNM_NAMED(IFLA_LINK), static_cast<uint32_t>(parent));
  if (Refused refusal = PutKind(place, message, add, peer_netns)) return refusal;
  Born born;
  if (Refused refusal = socket->Ask(message, [&](const nlmsghdr* reply) { ReadBorn(reply, born); })) return refusal;
  if (born.peer != 0 && peer_place) peer_place->Know(add.peer->name, born.peer);
  index = born.index;
  if (index != 0) place.Know(add.name, index);
  // Before Linux 6.2 there is no echo of a new link.
  if (index != 0) return {};
  if (target) {
    if (Refused found = target->Route(socket)) return found;
  }
  return FindLink(*socket, add.name, index);
}

Refused SetLink(Place& place, Place* target, const LinkSet& set) {
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  LinkRef link = set.link;
  int target_netns = -1;
  if (target) {
    if (Refused refusal = target->Descriptor(target_netns)) return refusal;
    if (set.name) {
      if (Refused refusal = CheckFree(*target, *set.name)) return refusal;
    }
  }
  if (set.name) {
    int32_t index;
    if (Refused refusal = ResolveLink(place, link, "", index)) return refusal;
    link = index;
  }
  int32_t master = 0;
  if (set.master) {
    if (Refused refusal = ResolveLink(place, *set.master, "IFLA_MASTER", master)) return refusal;
  }
  ifinfomsg header = HeaderOf(link);
  if (set.up) {
    header.ifi_flags = *set.up ? IFF_UP : 0;
    header.ifi_change = IFF_UP;
  }
  Message message(CNM_NAMED(RTM_NEWLINK), 0, header);
  PutNameOf(message, link);
  if (set.name) message.PutName(CNM_NAMED(IFLA_IFNAME), *set.name);
  if (target) message.PutU32(CNM_NAMED(IFLA_NET_NS_FD), static_cast<uint32_t>(target_netns));
  if (set.master) message.PutU32(CNM_NAMED(IFLA_MASTER), static_cast<uint32_t>(master));
  if (set.mac) message.PutMac(CNM_NAMED(IFLA_ADDRESS), *set.mac);
  if (set.mtu) message.PutU32(CNM_NAMED(IFLA_MTU), *set.mtu);
  if (set.group) message.PutU32(CNM_NAMED(IFLA_GROUP), *set.group);
  if (set.alias) message.Put(CNM_NAMED(IFLA_IFALIAS), set.alias->data(), set.alias->size());
  // The kernel sets the port before the master, so a new port's settings need a message of their own.
  const bool later = set.master && !set.port.empty();
  if (Refused refusal = PutInfo(place, message, set.kind, set.settings, later ? Settings() : set.port)) return refusal;
  if (Refused refusal = socket->Ask(message)) return refusal;
  return later ? SetPort(place, *socket, link, set.port) : Refused();
}

Refused DelLink(Place& place, const LinkDel& del) {
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  Message message(CNM_NAMED(RTM_DELLINK), 0, HeaderOf(del.link));
  PutNameOf(message, del.link);
  return socket->Ask(message);
}

}  // namespace cnm
