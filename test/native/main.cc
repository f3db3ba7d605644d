#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdio>

/** Far from the machine: in a network namespace of its own, with mounts of its own that end with it. */
static bool Leave() {
  return unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

int main(int count, char** arguments) {
  doctest::Context context(count, arguments);
  if (!Leave()) {
    perror("a network namespace (this needs root)");
    return 1;
  }
  return context.run();
}
