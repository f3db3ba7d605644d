#include "kernel/sysctl.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

#include "kernel/fd.h"

namespace cnm {

namespace {

/** In a container the usual one can only be read. */
const std::string& Root() {
  static const std::string root = [] {
    const char* given = getenv("CNM_PROC_SYS");
    return given && *given ? given : "/proc/sys";
  }();
  return root;
}

Fd Open(const std::string& path, int mode) { return Fd(open((Root() + '/' + path).c_str(), mode | O_CLOEXEC)); }

}  // namespace

int ReadSysctl(const std::string& path, std::optional<std::string>& value) {
  const Fd file = Open(path, O_RDONLY);
  if (!file) return errno == ENOENT ? 0 : -errno;
  std::string text;
  char part[4096];
  ssize_t size;
  while ((size = read(file.get(), part, sizeof part)) > 0) text.append(part, static_cast<size_t>(size));
  if (size < 0) return -errno;
  if (text.ends_with('\n')) text.pop_back();
  value = std::move(text);
  return 0;
}

int WriteSysctl(const std::string& path, const std::string& value) {
  const Fd file = Open(path, O_WRONLY);
  if (!file) return -errno;
  return write(file.get(), value.data(), value.size()) < 0 ? -errno : 0;
}

}  // namespace cnm
