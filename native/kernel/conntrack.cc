#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "kernel/attributes.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

constexpr Word kProtocols[] = {{"tcp", IPPROTO_TCP},   {"udp", IPPROTO_UDP},      {"udplite", IPPROTO_UDPLITE},
                               {"sctp", IPPROTO_SCTP}, {"dccp", IPPROTO_DCCP},    {"gre", IPPROTO_GRE},
                               {"icmp", IPPROTO_ICMP}, {"icmpv6", IPPROTO_ICMPV6}};

// Bits of CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS, for which there is no header.
constexpr uint32_t kFilterSource = 1 << 0;
constexpr uint32_t kFilterDestination = 1 << 1;
constexpr uint32_t kFilterProtocol = 1 << 3;
constexpr uint32_t kFilterSourcePort = 1 << 4;
constexpr uint32_t kFilterDestinationPort = 1 << 5;

constexpr Named Request(Named message) {
  return {.value = NFNL_SUBSYS_CTNETLINK << 8 | message.value, .name = message.name};
}

nfgenmsg HeaderOf(int family) {
  return {.nfgen_family = static_cast<uint8_t>(family), .version = NFNETLINK_V0, .res_id = 0};
}

int FamilyOf(uint8_t version) { return version == 6 ? AF_INET6 : AF_INET; }

/** A connection, with what names it to the kernel. */
struct Found {
  ConntrackRow row;
  std::vector<uint8_t> tuple;
};

/** Which fields of a direction the kernel is to compare. By an IPv6 address, Linux 6.18 leaves out those that fit. */
uint32_t FilterOf(const Direction& direction, const std::optional<uint32_t>& proto) {
  const bool v4src = direction.src && direction.src->length == 4;
  const bool v4dst = direction.dst && direction.dst->length == 4;
  return (v4src ? kFilterSource : 0) | (v4dst ? kFilterDestination : 0) | (proto ? kFilterProtocol : 0) |
         (direction.sport ? kFilterSourcePort : 0) | (direction.dport ? kFilterDestinationPort : 0);
}

void PutPort(Message& message, Named attribute, const std::optional<uint32_t>& port) {
  if (port) message.PutU16(attribute, htons(static_cast<uint16_t>(*port)));
}

void PutDirection(Message& message, Named attribute, const ConntrackDel& op, const Direction& direction,
                  uint32_t filter) {
  const Message::Nest tuple(message, Nested(attribute));
  if (filter & (kFilterSource | kFilterDestination)) {
    const Message::Nest ip(message, Nested(CNM_NAMED(CTA_TUPLE_IP)));
    if (filter & kFilterSource) message.PutAddress(CNM_NAMED(CTA_IP_V4_SRC), *direction.src);
    if (filter & kFilterDestination) message.PutAddress(CNM_NAMED(CTA_IP_V4_DST), *direction.dst);
  }
  if (op.proto) {
    const Message::Nest proto(message, Nested(CNM_NAMED(CTA_TUPLE_PROTO)));
    message.PutU8(CNM_NAMED(CTA_PROTO_NUM), static_cast<uint8_t>(*op.proto));
    PutPort(message, CNM_NAMED(CTA_PROTO_SRC_PORT), direction.sport);
    PutPort(message, CNM_NAMED(CTA_PROTO_DST_PORT), direction.dport);
  }
}

/** Spares us most of the table; what the kernel does not compare (before Linux 5.8 all but the mark) Fits() does. */
void PutFilter(Message& message, const ConntrackDel& op) {
  Direction there = op.orig;
  // It knows one port, or all.
  if (op.orig_dport_end) there.dport.reset();
  const uint32_t orig = FilterOf(there, op.proto);
  const uint32_t reply = FilterOf(op.reply, op.proto);
  if (orig) PutDirection(message, CNM_NAMED(CTA_TUPLE_ORIG), op, there, orig);
  if (reply) PutDirection(message, CNM_NAMED(CTA_TUPLE_REPLY), op, op.reply, reply);
  if (orig || reply) {
    const Message::Nest filter(message, Nested(CNM_NAMED(CTA_FILTER)));
    message.PutU32(CNM_NAMED(CTA_FILTER_ORIG_FLAGS), orig);
    message.PutU32(CNM_NAMED(CTA_FILTER_REPLY_FLAGS), reply);
  }
  if (op.mark) {
    message.PutU32(CNM_NAMED(CTA_MARK), htonl(*op.mark & op.mask));
    message.PutU32(CNM_NAMED(CTA_MARK_MASK), htonl(op.mask));
  }
}

bool Fits(const std::optional<Address>& wanted, const std::array<uint8_t, 16>& bytes) {
  return !wanted || wanted->bytes == bytes;
}

bool Fits(const std::optional<uint32_t>& wanted, uint32_t number) { return !wanted || *wanted == number; }

bool FitsRange(const std::optional<uint32_t>& first, const std::optional<uint32_t>& last, uint32_t number) {
  return !first || (*first <= number && number <= last.value_or(*first));
}

bool Fits(const ConntrackDel& op, const ConntrackRow& row) {
  return op.family == row.family && Fits(op.proto, row.proto) && Fits(op.zone, row.zone) &&
         Fits(op.orig.src, row.orig_src) && Fits(op.orig.dst, row.orig_dst) && Fits(op.orig.sport, row.orig_sport) &&
         FitsRange(op.orig.dport, op.orig_dport_end, row.orig_dport) && Fits(op.reply.src, row.reply_src) &&
         Fits(op.reply.dst, row.reply_dst) && Fits(op.reply.sport, row.reply_sport) &&
         Fits(op.reply.dport, row.reply_dport) && (!op.mark || ((row.mark ^ *op.mark) & op.mask) == 0);
}

void DecodeAddresses(const Attributes& tuple, std::array<uint8_t, 16>& src, std::array<uint8_t, 16>& dst) {
  const Attributes ip = tuple.Inside(CTA_TUPLE_IP);
  if (!ip.Bytes(CTA_IP_V4_SRC, src)) ip.Bytes(CTA_IP_V6_SRC, src);
  if (!ip.Bytes(CTA_IP_V4_DST, dst)) ip.Bytes(CTA_IP_V6_DST, dst);
}

ConntrackRow RowOf(int family, const Attributes& attributes) {
  ConntrackRow row;
  row.family = family == AF_INET6 ? 6 : 4;
  const Attributes orig = attributes.Inside(CTA_TUPLE_ORIG);
  const Attributes reply = attributes.Inside(CTA_TUPLE_REPLY);
  DecodeAddresses(orig, row.orig_src, row.orig_dst);
  DecodeAddresses(reply, row.reply_src, row.reply_dst);
  const Attributes there = orig.Inside(CTA_TUPLE_PROTO);
  const Attributes back = reply.Inside(CTA_TUPLE_PROTO);
  row.proto = there.U8(CTA_PROTO_NUM);
  row.orig_sport = ntohs(there.U16(CTA_PROTO_SRC_PORT));
  row.orig_dport = ntohs(there.U16(CTA_PROTO_DST_PORT));
  row.reply_sport = ntohs(back.U16(CTA_PROTO_SRC_PORT));
  row.reply_dport = ntohs(back.U16(CTA_PROTO_DST_PORT));
  row.mark = ntohl(attributes.U32(CTA_MARK));
  row.zone = ntohs(attributes.U16(CTA_ZONE));
  row.status = ntohl(attributes.U32(CTA_STATUS));
  row.tcp_state = attributes.Inside(CTA_PROTOINFO).Inside(CTA_PROTOINFO_TCP).U8(CTA_PROTOINFO_TCP_STATE);
  row.timeout = ntohl(attributes.U32(CTA_TIMEOUT));
  row.id = attributes.U32(CTA_ID);
  return row;
}

/** Calls `on_entry` with the tracked connection that a reply tells of. */
template <typename OnEntry>
void ReadEntry(const nlmsghdr* reply, const OnEntry& on_entry) {
  const auto header = HeaderIn<nfgenmsg>(reply);
  if (header && VersionOf(header->nfgen_family)) on_entry(header->nfgen_family, Attributes(reply, sizeof *header));
}

/** A row's addresses are zero behind an IPv4 one. */
using AddressBytes = std::array<uint8_t, 16>;

std::set<AddressBytes> SetOf(const Packed& addresses) {
  std::set<AddressBytes> set;
  for (size_t at = 0; at < addresses.bytes.size(); at += addresses.width) {
    AddressBytes bytes{};
    std::copy_n(addresses.bytes.begin() + static_cast<ptrdiff_t>(at), addresses.width, bytes.begin());
    set.insert(bytes);
  }
  return set;
}

template <typename Wanted>
Refused Find(Place& place, Message& message, const Wanted& wanted, std::vector<Found>& found) {
  const auto on_entry = [&](int family, const Attributes& attributes) {
    Found entry{.row = RowOf(family, attributes), .tuple = {}};
    if (!wanted(entry.row)) return;
    const auto [data, size] = attributes.Raw(CTA_TUPLE_ORIG);
    const auto* bytes = static_cast<const uint8_t*>(data);
    entry.tuple.assign(bytes, bytes + size);
    found.push_back(std::move(entry));
  };
  const auto on_reply = [&](const nlmsghdr* reply) { ReadEntry(reply, on_entry); };
  return place.DumpNetfilter(message, on_reply, [&] { found.clear(); });
}

/** How many connections the namespace has. All namespaces share one table: to look through it takes ms even for none.
 */
Refused Count(Socket& socket, uint32_t& count) {
  Message message(Request(CNM_NAMED(IPCTNL_MSG_CT_GET_STATS)), 0, HeaderOf(AF_UNSPEC));
  return socket.Ask(message, [&](const nlmsghdr* reply) {
    if (!HeaderIn<nfgenmsg>(reply)) return;
    count = ntohl(Attributes(reply, sizeof(nfgenmsg)).U32(CTA_STATS_GLOBAL_ENTRIES));
  });
}

/** The id keeps another connection with the same addresses and ports from being hit. */
Refused Delete(Socket& socket, const Found& entry, int family) {
  Message message(Request(CNM_NAMED(IPCTNL_MSG_CT_DELETE)), 0, HeaderOf(family));
  message.Put(Nested(CNM_NAMED(CTA_TUPLE_ORIG)), entry.tuple.data(), entry.tuple.size());
  message.PutU32(CNM_NAMED(CTA_ID), entry.row.id);
  if (entry.row.zone) message.PutU16(CNM_NAMED(CTA_ZONE), htons(entry.row.zone));
  return socket.Ask(message);
}

template <typename Wanted>
Refused DeleteThose(Place& place, Message& message, int family, const Wanted& wanted, uint32_t& count) {
  Socket* socket;
  if (Refused refusal = place.Netfilter(socket)) return refusal;
  uint32_t tracked = 0;
  if (!Count(*socket, tracked) && tracked == 0) return {};
  std::vector<Found> found;
  if (Refused refusal = Find(place, message, wanted, found)) return refusal;
  Refused first;
  for (const Found& entry : found) {
    Refused refusal = Delete(*socket, entry, family);
    if (!refusal) {
      count++;
    } else if (refusal->error != -ENOENT && !first) {
      // It has not ended by itself; the others go all the same.
      first = std::move(refusal);
    }
  }
  return first;
}

}  // namespace

std::span<const Word> ConntrackProtocols() { return kProtocols; }

bool HasPorts(uint32_t protocol) {
  constexpr uint32_t kWithPorts[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP};
  return std::ranges::find(kWithPorts, protocol) != std::end(kWithPorts);
}

Refused DeleteConntrack(Place& place, const ConntrackDel& op, uint32_t& count) {
  Message message(Request(CNM_NAMED(IPCTNL_MSG_CT_GET)), NLM_F_DUMP, HeaderOf(FamilyOf(op.family)));
  PutFilter(message, op);
  return DeleteThose(
      place, message, FamilyOf(op.family), [&](const ConntrackRow& row) { return Fits(op, row); }, count);
}

Refused DeleteConntrack(Place& place, const ConntrackDelMany& op, uint32_t& count) {
  // The kernel has no filter for more than one address, and one look through its table is dearer than most of what it
  // finds.
  Message message(Request(CNM_NAMED(IPCTNL_MSG_CT_GET)), NLM_F_DUMP, HeaderOf(FamilyOf(op.family)));
  const std::set<AddressBytes> addresses = SetOf(op.addresses);
  const auto wanted = [&](const ConntrackRow& row) {
    return row.family == op.family && (addresses.contains(row.orig_src) || addresses.contains(row.reply_src));
  };
  return DeleteThose(place, message, FamilyOf(op.family), wanted, count);
}

Table<ConntrackRow> DumpConntrack(Place& place, const Filter&) {
  Message message(Request(CNM_NAMED(IPCTNL_MSG_CT_GET)), NLM_F_DUMP, HeaderOf(AF_UNSPEC));
  return ReadTable<ConntrackRow>(
      place, &Place::DumpNetfilter, message, [](const nlmsghdr* reply, Columns<ConntrackRow>& columns) {
        ReadEntry(reply, [&](int family, const Attributes& attributes) { columns.Add(RowOf(family, attributes)); });
      });
}

}  // namespace cnm
