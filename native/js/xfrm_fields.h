#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "facts/xfrm.h"
#include "js/fields.h"
#include "kernel/options.h"

namespace cnm {

// Fields as policies and states of IPsec have them.

/** One of `words`. */
void ReadRequiredWord(Fields& fields, const char* key, std::span<const Word> words, uint32_t& out);

/** The first of `words` where nothing is said. */
void ReadWordOr(Fields& fields, const char* key, std::span<const Word> words, uint32_t& out);

/** An optional array of `words`, as the bits that they are. */
void ReadFlags(Fields& fields, const char* key, std::span<const Word> words, uint32_t& flags);

/** The optional field 'ifId'. */
void ReadIfId(Fields& fields, std::optional<uint32_t>& if_id);

/** The fields of the object itself. */
void ReadXfrmSelector(Fields& fields, XfrmSelector& selector);

/** The optional object in the field 'limits'. */
void ReadXfrmLimits(Fields& fields, XfrmLimits& limits);

}  // namespace cnm
