#pragma once

#include <span>

#include "facts.h"
#include "js/fields.h"
#include "kernel/options.h"

namespace cnm {

/** Reads the object in the field `key`, if there is one: each of its fields has to be one of `options`. */
void ReadSettings(Fields& fields, const char* key, std::span<const Option> options, Settings& settings);

}  // namespace cnm
