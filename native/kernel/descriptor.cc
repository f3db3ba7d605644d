#include "kernel/descriptor.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace cnm {

int TryLock(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 1;
  return errno == EWOULDBLOCK ? 0 : -errno;
}

int CloseOnExec(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  return flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 0;
}

}  // namespace cnm
