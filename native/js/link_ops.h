#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "facts/op.h"
#include "js/fields.h"
#include "kernel/place.h"

namespace cnm {

using Places = std::vector<std::shared_ptr<Place>>;

/** The number of a namespace, if there is one. */
void ReadAt(Fields& fields, const char* key, const Places& places, std::optional<size_t>& at);

/** A link that has to be named. */
void ReadLink(Fields& fields, const char* key, LinkRef& link);

void ReadLinkAdd(Fields& fields, const Places& places, Op& op);
/** Of a link, or of a group. */
void ReadLinkSet(Fields& fields, const Places& places, Op& op);
void ReadLinkDel(Fields& fields, Op& op);

}  // namespace cnm
