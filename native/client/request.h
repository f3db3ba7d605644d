#pragma once

#include <string>
#include <string_view>

#include "client/place.h"

namespace cnm {

/**
 * Asks a daemon to do what `words` say, for a program in `folder` with the variables `environment`. HTTP/1.0: the
 * answer ends with the connection.
 */
std::string RequestOf(Words words, std::string_view folder, char* const* environment);

}  // namespace cnm
