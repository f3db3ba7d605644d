#pragma once

namespace cnm {

/** flock(2) LOCK_EX | LOCK_NB: 1 when taken, 0 when another open file holds it, else a negative errno. */
int TryLock(int fd);

/** Programs that this process starts do not get it: 0, or a negative errno. */
int CloseOnExec(int fd);

}  // namespace cnm
