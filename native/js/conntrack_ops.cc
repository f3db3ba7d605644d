#include "js/conntrack_ops.h"

#include "js/packed.h"
#include "js/shared_fields.h"
#include "kernel/conntrack.h"

namespace cnm {

namespace {

struct Keys {
  const char* src;
  const char* dst;
  const char* sport;
  const char* dport;
};

constexpr Keys kOrig = {"origSrc", "origDst", "origSport", "origDport"};
constexpr Keys kReply = {"replySrc", "replyDst", "replySport", "replyDport"};

void ReadPort(Fields& fields, const char* key, const ConntrackDel& op, std::optional<uint32_t>& port) {
  ReadNumber(fields, key, UINT16_MAX, port);
  if (port && !(op.proto && HasPorts(*op.proto))) fields.Fail(key, "nothing, without a 'proto' that has ports");
}

void ReadDirection(Fields& fields, const Keys& keys, size_t length, const ConntrackDel& op, Direction& direction) {
  ReadAddress(fields, keys.src, length, direction.src);
  ReadAddress(fields, keys.dst, length, direction.dst);
  ReadPort(fields, keys.sport, op, direction.sport);
  ReadPort(fields, keys.dport, op, direction.dport);
}

bool IsEmpty(const Direction& direction) {
  return !direction.src && !direction.dst && !direction.sport && !direction.dport;
}

}  // namespace

void ReadConntrackDel(Fields& fields, ConntrackDel& op) {
  const size_t length = ReadFamily(fields);
  op.family = length == 16 ? 6 : 4;
  ReadOptionalWord(fields, "proto", ConntrackProtocols(), op.proto);
  ReadDirection(fields, kOrig, length, op, op.orig);
  ReadPort(fields, "origDportEnd", op, op.orig_dport_end);
  if (op.orig_dport_end && op.orig_dport_end < op.orig.dport.value_or(UINT16_MAX + 1)) {
    fields.Fail("origDportEnd", "no less than 'origDport'");
  }
  ReadDirection(fields, kReply, length, op, op.reply);
  ReadMark(fields, op.mark, op.mask);
  ReadNumber(fields, "zone", UINT16_MAX, op.zone);
  // What was left out by mistake must not mean every connection.
  if (!op.proto && IsEmpty(op.orig) && IsEmpty(op.reply) && !op.mark && !op.zone) {
    fields.Fail("family", "more than a family");
  }
}

void ReadConntrackDelMany(Fields& fields, ConntrackDelMany& op) {
  const size_t length = ReadFamily(fields);
  op.family = length == 16 ? 6 : 4;
  ReadFirstColumn(fields, "addresses", length, op.count, op.addresses);
}

}  // namespace cnm
