#include "kernel/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "kernel/thread.h"

namespace cnm {

namespace {

constexpr char kOwn[] = "/proc/thread-self/ns/net";

int RunOnThrowaway(const std::function<void()>& body) {
  pthread_t thread;
  if (const int error = StartThread(thread, body)) return error;
  return -pthread_join(thread, nullptr);
}

/** What a netns.add that was killed before its mount leaves behind. */
bool IsEmptyFile(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

/** To be there already is to be inside: a process without CAP_SYS_ADMIN can read the tables of its own namespace. */
bool IsOwn(int netns) {
  struct stat wanted, own;
  return fstat(netns, &wanted) == 0 && stat(kOwn, &own) == 0 && wanted.st_ino == own.st_ino &&
         wanted.st_dev == own.st_dev;
}

/**
 * Where the calling thread was when it first went elsewhere. None where it could not come back: in a user namespace of
 * its own it may enter those it has made there, but not the one that it came from.
 */
const Fd& Home() {
  static thread_local const Fd home = [] {
    Fd own;
    return OpenOwnNetns(own) == 0 && setns(own.get(), CLONE_NEWNET) == 0 ? std::move(own) : Fd();
  }();
  return home;
}

int RunOnThrowawayIn(int netns, const std::function<void()>& body) {
  int entered = 0;
  const int started = RunOnThrowaway([&] {
    if (setns(netns, CLONE_NEWNET) == 0) {
      body();
    } else {
      entered = -errno;
    }
  });
  return started ? started : entered;
}

}  // namespace

int OpenOwnNetns(Fd& netns) { return OpenNetns(kOwn, netns); }

int OpenNetns(const std::string& path, Fd& netns) {
  // O_NONBLOCK: a path that leads to a FIFO must not keep us waiting for its writer.
  Fd opened(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened) return -errno;
  if (ioctl(opened.get(), NS_GET_NSTYPE) != CLONE_NEWNET) return -EINVAL;
  netns = std::move(opened);
  return 0;
}

int RunInNetns(int netns, const std::function<void()>& body) {
  if (IsOwn(netns)) {
    body();
    return 0;
  }
  const Fd& home = Home();
  if (!home) return RunOnThrowawayIn(netns, body);
  if (setns(netns, CLONE_NEWNET) != 0) return -errno;
  body();
  return setns(home.get(), CLONE_NEWNET) == 0 ? 0 : -errno;
}

int CreateNetns(const std::string& path, Fd& netns) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) return -errno;
  int made = 0;
  Fd opened;
  const int started = RunOnThrowaway([&] {
    if (unshare(CLONE_NEWNET) != 0 || mount(kOwn, path.c_str(), "none", MS_BIND, nullptr) != 0) {
      made = -errno;
    } else {
      made = OpenOwnNetns(opened);
    }
  });
  const int error = started ? started : made;
  if (error == 0) {
    netns = std::move(opened);
  } else {
    umount2(path.c_str(), MNT_DETACH);
    unlink(path.c_str());
  }
  return error;
}

int RemoveNetns(const std::string& path) {
  struct statfs filesystem;
  if (statfs(path.c_str(), &filesystem) != 0) return -errno;
  const bool mounted = filesystem.f_type == NSFS_MAGIC;
  if (!mounted && !IsEmptyFile(path)) return -EINVAL;
  // A symbolic link such as /proc/PID/ns/net leads to a namespace that was not mounted by us: refused by
  // UMOUNT_NOFOLLOW.
  if (mounted && umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return -errno;
  return unlink(path.c_str()) == 0 ? 0 : -errno;
}

int InodeOf(int netns, uint64_t& inode) {
  struct stat status;
  if (fstat(netns, &status) != 0) return -errno;
  inode = status.st_ino;
  return 0;
}

}  // namespace cnm
