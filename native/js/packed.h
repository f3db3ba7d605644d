#pragma once

#include "facts/words.h"
#include "js/fields.h"

namespace cnm {

// Packed columns of an op with many rows; of an op with one row, each is its one value.

constexpr size_t kMacSize = 6;

// One value, which holds for all rows where there are many.

Packed One(const Mac& mac);
Packed One(const Address& address);
Packed One(uint32_t number);
Packed One(uint8_t number);

/** A column that has to be there and says how many rows there are. */
void ReadFirstColumn(Fields& fields, const char* key, size_t width, size_t& count, Packed& column);

/** A column of `count` rows, in the place of the one value of the field `one`; what it was when the field is absent. */
void ReadColumn(Fields& fields, const char* key, const char* one, size_t width, size_t count, Packed& column);

}  // namespace cnm
