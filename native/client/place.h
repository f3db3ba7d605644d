#pragma once

#include <span>
#include <string>

namespace cnm {

/** The operands and flags of a command line. */
using Words = std::span<char* const>;

/**
 * The socket of the daemon that is named, or that would own the run directory. Empty: Node.js is to find out. A word
 * may look like a flag and be none: the daemon looks again, and declines what does not lead to it.
 */
std::string SocketFor(Words words);

}  // namespace cnm
