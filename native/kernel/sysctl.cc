#include "kernel/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

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

int WriteTo(const Fd& file, const std::string& value) {
  if (!file) return -errno;
  return write(file.get(), value.data(), value.size()) < 0 ? -errno : 0;
}

/** Each namespace has its own; of net/ipv4 or net/core only some files are, and those lead wherever the caller is. */
constexpr std::array<std::string_view, 4> kOwn{"net/ipv4/conf", "net/ipv6/conf", "net/ipv4/neigh", "net/ipv6/neigh"};

/** The one of them that `path` is below; empty where it is below none. */
std::string_view FolderOf(std::string_view path) {
  for (const std::string_view folder : kOwn) {
    if (path.starts_with(folder) && path.substr(folder.size()).starts_with('/')) return folder;
  }
  return {};
}

}  // namespace

int Sysctls::Read(const std::string& path, std::optional<std::string>& value) {
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

int Sysctls::Write(const std::string& path, const std::string& value) const {
  return WriteTo(Open(path, O_WRONLY), value);
}

void Sysctls::Foresee(const std::string& path) {
  if (const std::string_view folder = FolderOf(path); !folder.empty()) folders_.try_emplace(std::string(folder));
}

void Sysctls::FindForeseen() {
  for (auto& [path, folder] : folders_) {
    if (!folder) folder = Open(path, O_PATH | O_DIRECTORY);
  }
}

int Sysctls::WriteOutside(const std::string& path, const std::string& value) const {
  const std::string_view folder = FolderOf(path);
  const auto found = folders_.find(folder);
  if (found == folders_.end() || !found->second) return -ENOENT;
  return WriteTo(Fd(openat(found->second.get(), path.c_str() + folder.size() + 1, O_WRONLY | O_CLOEXEC)), value);
}

void Sysctls::Close() {
  for (auto& [path, folder] : folders_) folder = Fd();
}

}  // namespace cnm
