#pragma once

#include <string>

namespace cnm {

/** One datagram to a unix socket, '@' for the zero byte of an abstract one; without waiting. 0, or a negative errno. */
int SendDatagram(const std::string& path, const std::string& text);

}  // namespace cnm
