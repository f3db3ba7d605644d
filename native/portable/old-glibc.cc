// Symbols that an older glibc or libstdc++ does not have at all. All of them stay inside the addon
// (-fvisibility=hidden).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

extern "C" {

// Before glibc 2.33 these three were inline functions around a versioned one. The kernel's struct stat is glibc's here.
int stat(const char* path, struct stat* facts) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, facts, 0));
}

int lstat(const char* path, struct stat* facts) {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, facts, AT_SYMLINK_NOFOLLOW));
}

int fstat(int fd, struct stat* facts) { return static_cast<int>(syscall(SYS_fstat, fd, facts)); }

// glibc 2.32 tells whether atomics can be spared. There is always the kernel thread, so they cannot.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;
}

namespace std {

// GCC 11 calls it where new T[n] is given an absurd n. The addon has no exceptions.
void __throw_bad_array_new_length() { abort(); }

}  // namespace std
