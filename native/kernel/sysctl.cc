#include "kernel/sysctl.h"

#include <fcntl.h>

#include <cerrno>

#include "kernel/fd.h"

namespace cnm {

namespace {

Fd Open(const std::string& path, int mode) { return Fd(open(("/proc/sys/" + path).c_str(), mode | O_CLOEXEC)); }

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
