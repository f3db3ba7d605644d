#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernel/fd.h"

namespace cnm {

// Network namespaces as descriptors and as mounted files. Functions return 0 or a negative errno.

/** The namespace of the calling thread. */
int OpenOwnNetns(Fd& netns);

/** -EINVAL when `path` leads to something else than a network namespace. */
int OpenNetns(const std::string& path, Fd& netns);

/**
 * Runs `body` inside and comes back, on a kernel thread, which nobody else is on; on a throwaway thread where it could
 * not come back (docs/decisions/0023).
 */
int RunInNetns(int netns, const std::function<void()>& body);

/** Makes a namespace and mounts it at `path`, where nothing may be yet. */
int CreateNetns(const std::string& path, Fd& netns);

/** Undoes CreateNetns; what uses the namespace goes on. Nothing else than such a mount is ever removed. */
int RemoveNetns(const std::string& path);

/** Equal numbers are the same namespace. */
int InodeOf(int netns, uint64_t& inode);

}  // namespace cnm
