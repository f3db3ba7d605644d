#include "kernel/bell.h"

#include <sys/eventfd.h>

namespace cnm {

Bell::Bell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Bell::Ring() const { eventfd_write(fd_.get(), 1); }

void Bell::Silence() const {
  eventfd_t rung;
  eventfd_read(fd_.get(), &rung);
}

}  // namespace cnm
