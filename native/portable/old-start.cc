// glibc 2.34 gave __libc_start_main a new version, without which no program begins. Programs ask for it in a file that
// is not ours: the linker has them ask here (--wrap).
#include "portable/old-glibc.h"

extern "C" {

using Main = int (*)(int, char**, char**);
using Initializer = void (*)(int, char**, char**);

int cnm_first_start(Main main, int count, char** words, Initializer init, void (*fini)(), void (*loader_fini)(),
                    void* stack);
__asm__(".symver cnm_first_start,__libc_start_main@" CNM_FIRST_GLIBC);

// The linker knows where they are.
extern const Initializer __init_array_start[] __attribute__((visibility("hidden")));
extern const Initializer __init_array_end[] __attribute__((visibility("hidden")));

/** The old version leaves it to the program to initialize itself. */
static void Initialize(int count, char** words, char** environment) {
  for (const Initializer* each = __init_array_start; each != __init_array_end; each++)
    (*each)(count, words, environment);
}

int __wrap___libc_start_main(Main main, int count, char** words, Initializer, void (*)(), void (*loader_fini)(),
                             void* stack) {
  return cnm_first_start(main, count, words, Initialize, nullptr, loader_fini, stack);
}

}  // extern "C"
