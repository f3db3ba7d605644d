#pragma once

#include <optional>
#include <string>

namespace cnm {

// /proc/sys/net shows the namespace of the thread that opens the file: call these inside, see RunInNetns. They return 0
// or a negative errno.

/** `value` is empty when there is no such file, and lacks the trailing newline. */
int ReadSysctl(const std::string& path, std::optional<std::string>& value);

int WriteSysctl(const std::string& path, const std::string& value);

}  // namespace cnm
