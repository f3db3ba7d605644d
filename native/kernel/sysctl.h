#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/fd.h"

namespace cnm {

/**
 * /proc/sys of one namespace. Functions return 0 or a negative errno.
 *
 * A name is looked up for the namespace of the thread that does it, so that has to be inside (see RunInNetns); except
 * below folders of which each namespace has its own, net/ipv6/conf for one. Opened inside, they go on showing what they
 * showed.
 */
class Sysctls {
 public:
  /** To be called inside. `value` is empty when there is no such file, and lacks the trailing newline. */
  int Read(const std::string& path, std::optional<std::string>& value);
  int Write(const std::string& path, const std::string& value) const;
  /** Notes that `path` is going to be written. */
  void Foresee(const std::string& path);
  /** To be called inside: sees to it, as far as can be, that WriteOutside() does for what was foreseen. */
  void FindForeseen();
  /** The same as Write(), from anywhere; -ENOENT also where that cannot be. */
  int WriteOutside(const std::string& path, const std::string& value) const;

  /** What was foreseen still is. */
  void Close();

 private:
  /** By path; empty while foreseen. */
  std::map<std::string, Fd, std::less<>> folders_;
};

}  // namespace cnm
