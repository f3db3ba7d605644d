#pragma once

#include "facts/links.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

/** The ifindex of `link`; a refusal about a name that no link has speaks of `attribute`, '' for none. */
Refused ResolveLink(Place& place, const LinkRef& link, const char* attribute, int32_t& index);

/** `peer_place` is where the peer is born; null when there is no peer. */
Refused AddLink(Place& place, Place* peer_place, Place* target, const LinkAdd& add, int32_t& index);

/** `target` is where the link moves; null when it stays. */
Refused SetLink(Place& place, Place* target, const LinkSet& set);

Refused DelLink(Place& place, const LinkDel& del);

}  // namespace cnm
