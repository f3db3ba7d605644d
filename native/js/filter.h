#pragma once

#include <napi.h>

#include <initializer_list>

#include "facts/tables.h"

namespace cnm {

/** Reads the filter of a dump, undefined for none, which may have the fields `known`. False has thrown. */
bool ReadFilter(const Napi::Value& value, std::initializer_list<const char*> known, Filter& filter);

}  // namespace cnm
