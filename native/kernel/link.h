#pragma once

#include "facts/links.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

/** The ifindex of `link`; a refusal about a name that no link has speaks of `attribute`, '' for none. */
Refused ResolveLink(Place& place, const LinkRef& link, const char* attribute, int32_t& index);

/** `elsewhere` is where the peer is born, or the link itself when that is not where its parent is; else null. */
Refused AddLink(Place& place, Place* elsewhere, const LinkAdd& add, int32_t& index);

/** `target` is where the link moves; null when it stays. */
Refused SetLink(Place& place, Place* target, const LinkSet& set);

Refused DelLink(Place& place, const LinkDel& del);

}  // namespace cnm
