#pragma once

#include "facts/words.h"
#include "js/fields.h"

namespace cnm {

// Packed columns of an op with many rows.

constexpr size_t kMacSize = 6;

/** A column of `count` rows; absent when the field is. */
void ReadColumn(Fields& fields, const char* key, size_t width, size_t count, Packed& column);

/** A column that has to be there and says how many rows there are. */
void ReadFirstColumn(Fields& fields, const char* key, size_t width, size_t& count, Packed& column);

}  // namespace cnm
