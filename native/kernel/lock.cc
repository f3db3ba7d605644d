#include "kernel/lock.h"

#include <sys/file.h>

#include <cerrno>

namespace cnm {

int TryLock(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 1;
  return errno == EWOULDBLOCK ? 0 : -errno;
}

}  // namespace cnm
