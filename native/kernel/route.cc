#include "kernel/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/link.h"
#include "kernel/verb.h"

namespace cnm {

namespace {

rtmsg HeaderOf(const RouteOp& op) {
  rtmsg header{};
  header.rtm_family = op.to.length == 16 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = op.prefix;
  if (op.verb == Verb::kDel) {
    // Nowhere: whatever scope the route has.
    header.rtm_scope = RT_SCOPE_NOWHERE;
    return header;
  }
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = op.via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  return header;
}

}  // namespace

Refused ApplyRoute(Place& place, const RouteOp& op) {
  int32_t index = 0;
  if (op.link) {
    if (Refused refusal = ResolveLink(place, *op.link, "RTA_OIF", index)) return refusal;
  }
  Socket* socket;
  if (Refused refusal = place.Route(socket)) return refusal;
  const Named type = op.verb == Verb::kDel ? CNM_NAMED(RTM_DELROUTE) : CNM_NAMED(RTM_NEWROUTE);
  Message message(type, FlagsOf(op.verb), HeaderOf(op));
  if (op.prefix > 0) message.PutAddress(CNM_NAMED(RTA_DST), op.to);
  if (op.via) message.PutAddress(CNM_NAMED(RTA_GATEWAY), *op.via);
  if (op.link) message.PutU32(CNM_NAMED(RTA_OIF), static_cast<uint32_t>(index));
  message.PutU32(CNM_NAMED(RTA_TABLE), op.table.value_or(RT_TABLE_MAIN));
  if (op.metric) message.PutU32(CNM_NAMED(RTA_PRIORITY), *op.metric);
  return socket->Ask(message);
}

}  // namespace cnm
