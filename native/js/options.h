#pragma once

#include <span>
#include <string>

#include "facts/links.h"
#include "js/fields.h"
#include "kernel/options.h"

namespace cnm {

/** The number of one of `words`: '' when it is one of them, else what was expected. */
std::string ReadWord(const Napi::Value& value, std::span<const Word> words, uint32_t& number);

/** Reads the object in the field `key`, if there is one: each of its fields has to be one of `options`. */
void ReadSettings(Fields& fields, const char* key, std::span<const Option> options, Settings& settings);

}  // namespace cnm
