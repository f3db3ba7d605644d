#pragma once

#include <optional>

namespace cnm {

/** What came of a command line that a daemon has taken up. */
struct Answer {
  /** Empty: the daemon has ended before the verb did. */
  std::optional<int> exit_code;
  /** The errno of standard output, when something could not be written there; a reader that has seen enough is none. */
  int lost = 0;
};

/** Passes on what a daemon prints, as it comes. Empty: it declines, and nothing was done. */
std::optional<Answer> PassOn(int socket);

}  // namespace cnm
