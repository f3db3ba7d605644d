#pragma once

#include "kernel/fd.h"

namespace cnm {

/** Wakes a thread that polls. */
class Bell {
 public:
  Bell();
  void Ring() const;
  void Silence() const;
  int fd() const { return fd_.get(); }

 private:
  const Fd fd_;
};

}  // namespace cnm
