#include "kernel/announce.h"

#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "kernel/attributes.h"
#include "kernel/frames.h"
#include "kernel/link.h"
#include "kernel/packet_socket.h"

namespace cnm {

namespace {

/** What has to be known of the link that is to speak. */
struct Speaker {
  int32_t index = 0;
  uint16_t type = 0;
  uint32_t flags = 0;
  Mac mac{};
};

Refusal Unheard(int error, const char* message) { return {.error = error, .message = message, .request = "announce"}; }

Refused FindSpeaker(Place& place, const LinkRef& link, Speaker& speaker) {
  if (Refused refusal = ResolveLink(place, link, "", speaker.index)) return refusal;
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  ifinfomsg header{};
  header.ifi_index = speaker.index;
  Message message(CNM_NAMED(RTM_GETLINK), 0, header);
  Refused refusal = socket->Ask(message, [&](const nlmsghdr* reply) {
    const auto info = HeaderIn<ifinfomsg>(reply);
    if (!info) return;
    speaker.type = info->ifi_type;
    speaker.flags = info->ifi_flags;
    Attributes(reply, sizeof *info).Bytes(IFLA_ADDRESS, speaker.mac);
  });
  if (refusal) return refusal;
  if (speaker.type != ARPHRD_ETHER) return Unheard(-EOPNOTSUPP, "the link is not Ethernet");
  // The kernel drops in silence what is sent without a carrier.
  if (!(speaker.flags & IFF_UP)) return Unheard(-ENETDOWN, "the link is down");
  if (!(speaker.flags & IFF_LOWER_UP)) return Unheard(-ENETDOWN, "the link has no carrier");
  return {};
}

sockaddr_ll AddressOf(const Speaker& speaker) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = speaker.index;
  return address;
}

Refused Send(const Fd& socket, const Speaker& speaker, const std::vector<uint8_t>& frame, uint32_t count) {
  const sockaddr_ll to = AddressOf(speaker);
  for (uint32_t sent = 0; sent < count; sent++) {
    if (sendto(socket.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
      return Refusal{.error = -errno, .request = "announce"};
    }
  }
  return {};
}

}  // namespace

Refused Announce(Place& place, const AnnounceOp& op) {
  Speaker speaker;
  if (Refused refusal = FindSpeaker(place, op.link, speaker)) return refusal;
  Fd socket;
  if (Refused refusal = place.Packet(socket)) return refusal;
  const Mac& mac = op.mac ? *op.mac : speaker.mac;
  const auto frame = op.address.length == 16 ? NeighbourAdvertisement(mac, op.address, op.router)
                                             : GratuitousArp(mac, op.address, op.reply);
  Refused refusal = Send(socket, speaker, frame, op.count);
  CloseAside(std::move(socket));
  return refusal;
}

}  // namespace cnm
