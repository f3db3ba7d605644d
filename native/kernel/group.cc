#include "kernel/group.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "kernel/link.h"

namespace cnm {

Refused SetGroup(Place& place, const GroupSet& set) {
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  int32_t master = 0;
  if (set.master) {
    if (Refused refusal = ResolveLink(place, *set.master, "IFLA_MASTER", master)) return refusal;
  }
  ifinfomsg header{};
  if (set.up) {
    header.ifi_flags = *set.up ? IFF_UP : 0;
    header.ifi_change = IFF_UP;
  }
  Message message(CNM_NAMED(RTM_NEWLINK), 0, header);
  message.PutU32(CNM_NAMED(IFLA_GROUP), set.group);
  if (set.mtu) message.PutU32(CNM_NAMED(IFLA_MTU), *set.mtu);
  if (set.master) message.PutU32(CNM_NAMED(IFLA_MASTER), static_cast<uint32_t>(master));
  return socket->Ask(message);
}

Refused DelGroup(Place& place, const GroupDel& del) {
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  Message message(CNM_NAMED(RTM_DELLINK), 0, ifinfomsg{});
  message.PutU32(CNM_NAMED(IFLA_GROUP), del.group);
  return socket->Ask(message);
}

}  // namespace cnm
