#include "kernel/nft.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "kernel/socket.h"

namespace cnm {

/** The functions of libnftables.so.1 that we call; its headers are not needed to build. */
struct NftLibrary {
  nft_ctx* (*ctx_new)(uint32_t flags);
  void (*ctx_free)(nft_ctx* context);
  void (*ctx_output_set_flags)(nft_ctx* context, unsigned int flags);
  int (*ctx_buffer_output)(nft_ctx* context);
  int (*ctx_buffer_error)(nft_ctx* context);
  const char* (*ctx_get_output_buffer)(nft_ctx* context);
  const char* (*ctx_get_error_buffer)(nft_ctx* context);
  int (*run_cmd_from_buffer)(nft_ctx* context, const char* buffer);
};

namespace {

constexpr char kLibrary[] = "libnftables.so.1";
constexpr unsigned int kJson = 1 << 4;

std::mutex mutex;

Refusal Refuse(int error, std::string message) {
  return {.error = error, .message = std::move(message), .request = "nft"};
}

template <typename Function>
bool Find(void* handle, const char* symbol, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(handle, symbol));
  return function != nullptr;
}

Refused Load(const NftLibrary*& library) {
  static NftLibrary loaded;
  static bool complete = false;
  library = &loaded;
  if (complete) return {};
  void* handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  // Not ENOENT: that is what a missing table is.
  if (!handle) return Refuse(-ENOSYS, std::string(kLibrary) + " is missing: apt install libnftables1");
  complete = Find(handle, "nft_ctx_new", loaded.ctx_new) && Find(handle, "nft_ctx_free", loaded.ctx_free) &&
             Find(handle, "nft_ctx_output_set_flags", loaded.ctx_output_set_flags) &&
             Find(handle, "nft_ctx_buffer_output", loaded.ctx_buffer_output) &&
             Find(handle, "nft_ctx_buffer_error", loaded.ctx_buffer_error) &&
             Find(handle, "nft_ctx_get_output_buffer", loaded.ctx_get_output_buffer) &&
             Find(handle, "nft_ctx_get_error_buffer", loaded.ctx_get_error_buffer) &&
             Find(handle, "nft_run_cmd_from_buffer", loaded.run_cmd_from_buffer);
  if (complete) return {};
  dlclose(handle);
  return Refuse(-ENOSYS, std::string(kLibrary) + " lacks a function that is needed");
}

/** This process's nfnetlink sockets that its children would inherit. */
std::set<int> InheritedSockets() {
  std::set<int> found;
  DIR* folder = opendir("/proc/self/fd");
  if (!folder) return found;
  while (const dirent* entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    int domain = 0, protocol = 0;
    socklen_t size = sizeof(int);
    const bool nfnetlink = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
                           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
                           protocol == NETLINK_NETFILTER;
    if (nfnetlink && !(fcntl(fd, F_GETFD) & FD_CLOEXEC)) found.insert(fd);
  }
  closedir(folder);
  return found;
}

/** Without "internal:0:0-0: Error: " in front of each line, and without the lines that only point at the input. */
std::string Words(const char* text) {
  constexpr char kMark[] = "Error: ";
  std::string words;
  for (const char* at = strstr(text, kMark); at; at = strstr(at, kMark)) {
    at += sizeof kMark - 1;
    if (!words.empty()) words += "; ";
    words.append(at, strcspn(at, "\n"));
  }
  return words.empty() ? std::string(text, strcspn(text, "\n")) : words;
}

/** The library says which errno it got only in words, at the end of a line. */
int ErrnoOf(const std::string& words) {
  const std::string line = words.substr(0, words.find("; "));
  constexpr int kLast = 133;
  for (int error = 1; error <= kLast; error++) {
    char buffer[128];
    const std::string text = strerror_r(error, buffer, sizeof buffer);
    if (line == text || line.ends_with(": " + text)) return -error;
  }
  return -EINVAL;
}

}  // namespace

const std::string& NftThreadName() {
  // 15 characters at most. A process identifier would differ between PID namespaces.
  static const std::string name = [] {
    uint64_t random = 0;
    if (getrandom(&random, 5, 0) < 0) random = static_cast<uint64_t>(getpid());
    char text[16];
    snprintf(text, sizeof text, "cnm-%010" PRIx64, random);
    return std::string(text);
  }();
  return name;
}

Refused Nft::Open(std::unique_ptr<Nft>& nft) {
  const std::lock_guard lock(mutex);
  const NftLibrary* library;
  if (Refused refusal = Load(library)) return refusal;
  // The library ends the whole process when it cannot have this socket, so see first.
  if (!OpenNetlink(NETLINK_NETFILTER)) return Refuse(-errno, "the kernel has no nfnetlink");
  const std::set<int> before = InheritedSockets();
  nft_ctx* context = library->ctx_new(0);
  if (!context) return Refuse(-ENOMEM, "");
  // Its socket keeps the namespace alive: no child of ours may inherit it.
  for (const int fd : InheritedSockets()) {
    if (!before.contains(fd)) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  library->ctx_output_set_flags(context, kJson);
  library->ctx_buffer_output(context);
  library->ctx_buffer_error(context);
  nft.reset(new Nft(*library, context));
  return {};
}

Nft::~Nft() {
  const std::lock_guard lock(mutex);
  library_.ctx_free(context_);
}

Refused Nft::Run(const std::string& commands, std::string& output) {
  // The library reads what is no JSON as nft's own language, of which '' is nothing to do. No command of that begins
  // so.
  if (!commands.starts_with('{')) return Refuse(-EINVAL, "not an object of libnftables' JSON");
  const std::lock_guard lock(mutex);
  pthread_setname_np(pthread_self(), NftThreadName().c_str());
  if (library_.run_cmd_from_buffer(context_, commands.c_str()) != 0) {
    const std::string words = Words(library_.ctx_get_error_buffer(context_));
    return Refuse(ErrnoOf(words), words);
  }
  output = library_.ctx_get_output_buffer(context_);
  return {};
}

}  // namespace cnm
