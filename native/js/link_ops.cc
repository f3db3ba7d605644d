#include "js/link_ops.h"

#include "js/options.h"
#include "js/shared_fields.h"
#include "kernel/link_kinds.h"
#include "kernel/tun.h"

namespace cnm {

/** Number of a namespace. */
void ReadAt(Fields& fields, const char* key, const Places& places, std::optional<size_t>& at) {
  std::optional<uint32_t> number;
  fields.Optional(key, number);
  if (!number) return;
  if (*number >= places.size()) fields.Fail(key, "a namespace's number, less than " + std::to_string(places.size()));
  at = *number;
}

void ReadLink(Fields& fields, const char* key, LinkRef& link) {
  fields.Required(key, link);
  if (fields.ok() && IsNoLink(link)) fields.Fail(key, "a link's name or ifindex");
}

namespace {

/** Group 0 has every link that is in no other. */
void ReadGroup(Fields& fields, uint32_t& group) {
  fields.Required("group", group);
  if (group == 0) fields.Fail("group", "an integer from 1 to 4294967295");
}

void ReadBirth(Fields& fields, Birth& birth) {
  fields.Required("name", birth.name);
  if (birth.name.empty()) fields.Fail("name", "a link's name");
  fields.Optional("mtu", birth.mtu);
  fields.Optional("mac", birth.mac);
  fields.Optional("group", birth.group);
}

void ReadPeer(Fields& fields, const Places& places, std::optional<Peer>& peer) {
  const Napi::Value value = fields.Get("peer");
  if (!fields.ok() || value.IsUndefined()) return;
  Fields inner(value, fields.Name("peer"));
  peer.emplace();
  ReadBirth(inner, *peer);
  std::optional<size_t> at;
  ReadAt(inner, "at", places, at);
  if (!at) inner.Fail("at", "a namespace's number");
  peer->at = at.value_or(0);
}

void ReadTun(Fields& fields, TunOptions& tun) {
  Fields inner(fields.Get("tun"), fields.Name("tun"));
  std::optional<uint32_t> mode;
  ReadOptionalWord(inner, "mode", TunModes(), mode);
  if (!mode) inner.Fail("mode", "'tun' or 'tap'");
  tun.mode = mode.value_or(0);
  inner.Optional("user", tun.user);
  inner.Optional("group", tun.group);
  ReadFlag(inner, "multiQueue", tun.multi_queue);
  ReadFlag(inner, "vnetHdr", tun.vnet_hdr);
  ReadFlag(inner, "pi", tun.pi);
}

std::string KindNames() {
  std::string names;
  for (const LinkKind& kind : LinkKinds()) names.append(names.empty() ? "'" : ", '").append(kind.name).append("'");
  return names;
}

/** The options of a kind are in the field of its name, those of a veth in 'peer'. */
void ReadKind(Fields& fields, const Places& places, LinkAdd& add) {
  fields.Required("kind", add.kind);
  const LinkKind* kind = FindLinkKind(add.kind);
  if (!kind) return fields.Fail("kind", "one of " + KindNames());
  for (const LinkKind& other : LinkKinds()) {
    if (&other == kind && add.kind == "tun") {
      ReadTun(fields, add.tun.emplace());
    } else if (&other == kind) {
      ReadSettings(fields, kind->name, kind->options, add.settings);
    } else if (!fields.Get(other.name).IsUndefined()) {
      fields.Fail(other.name, "nothing, since kind is not '" + std::string(other.name) + "'");
    }
  }
  ReadPeer(fields, places, add.peer);
  if (add.peer && add.kind != "veth") fields.Fail("peer", "nothing, since kind is not 'veth'");
  ReadOptionalLink(fields, "link", add.parent);
  if (kind->has_parent != add.parent.has_value()) {
    fields.Fail("link", kind->has_parent ? "a link's name or ifindex" : "nothing, since this kind has no parent");
  }
}

}  // namespace

void ReadLinkAdd(Fields& fields, const Places& places, Op& op) {
  auto& add = op.step.emplace<LinkAdd>();
  ReadBirth(fields, add);
  std::optional<bool> up;
  fields.Optional("up", up);
  add.up = up.value_or(false);
  ReadAt(fields, "into", places, add.into);
  ReadKind(fields, places, add);
  if (add.into && add.tun) fields.Fail("into", "nothing, since a program opens it where it is");
}

namespace {

void ReadNothing(Fields& fields, const char* key, const std::string& expected) {
  if (!fields.Get(key).IsUndefined()) fields.Fail(key, expected);
}

/** Of a group only what fits all of its links. */
void ReadGroupSet(Fields& fields, GroupSet& set) {
  ReadGroup(fields, set.group);
  fields.Optional("up", set.up);
  fields.Optional("master", set.master);
  fields.Optional("mtu", set.mtu);
  for (const char* key : {"name", "mac", "alias", "moveTo", "port"}) {
    ReadNothing(fields, key, "nothing, since a whole group is set");
  }
  for (const LinkKind& kind : LinkKinds()) ReadNothing(fields, kind.name, "nothing, since a whole group is set");
}

/** The options of one kind. */
void ReadKindSettings(Fields& fields, LinkSet& set) {
  for (const LinkKind& kind : LinkKinds()) {
    if (fields.Get(kind.name).IsUndefined()) continue;
    if (!kind.can_change) return fields.Fail(kind.name, "nothing: this kind has no options that change");
    if (!set.kind.empty()) return fields.Fail(kind.name, "nothing, beside " + set.kind);
    set.kind = kind.name;
    ReadSettings(fields, kind.name, kind.options, set.settings);
  }
}

void ReadOneSet(Fields& fields, const Places& places, LinkSet& set) {
  ReadLink(fields, "link", set.link);
  fields.Optional("name", set.name);
  if (set.name && set.name->empty()) fields.Fail("name", "a link's name");
  fields.Optional("up", set.up);
  fields.Optional("master", set.master);
  fields.Optional("mac", set.mac);
  fields.Optional("mtu", set.mtu);
  fields.Optional("group", set.group);
  fields.Optional("alias", set.alias);
  ReadAt(fields, "moveTo", places, set.move_to);
  ReadKindSettings(fields, set);
  ReadSettings(fields, "port", PortOptions(), set.port);
  // A link leaves its bridge when it moves, and ifindexes mean nothing where it arrives.
  if (set.move_to && (set.master || !set.port.empty())) fields.Fail("moveTo", "nothing, beside master or port");
}

/** A group is meant where there is no link; with a link it is what the link gets. */
bool IsGroup(Fields& fields) { return fields.Get("link").IsUndefined() && !fields.Get("group").IsUndefined(); }

}  // namespace

void ReadLinkSet(Fields& fields, const Places& places, Op& op) {
  if (IsGroup(fields)) {
    ReadGroupSet(fields, op.step.emplace<GroupSet>());
  } else {
    ReadOneSet(fields, places, op.step.emplace<LinkSet>());
  }
}

void ReadLinkDel(Fields& fields, Op& op) {
  if (IsGroup(fields)) {
    ReadGroup(fields, op.step.emplace<GroupDel>().group);
  } else {
    ReadLink(fields, "link", op.step.emplace<LinkDel>().link);
  }
}

}  // namespace cnm
