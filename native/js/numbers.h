#pragma once

#include "js/fields.h"

namespace cnm {

/** An optional number that the kernel has in few bits. */
inline void ReadNumber(Fields& fields, const char* key, uint32_t max, std::optional<uint32_t>& out) {
  fields.Optional(key, out);
  if (out && *out > max) fields.Fail(key, "an integer from 0 to " + std::to_string(max));
}

/** False where nothing is said. */
inline void ReadFlag(Fields& fields, const char* key, bool& out) {
  std::optional<bool> read;
  fields.Optional(key, read);
  out = read.value_or(false);
}

}  // namespace cnm
