// Included before everything else by the compiler's -include. C and C++: libnl is compiled with it too.
#pragma once

#if defined(__x86_64__)
#define CNM_FIRST_GLIBC "GLIBC_2.2.5"
#define CNM_GLIBC_2_12 "GLIBC_2.12"
#elif defined(__aarch64__)
#define CNM_FIRST_GLIBC "GLIBC_2.17"
#define CNM_GLIBC_2_12 "GLIBC_2.17"
#else
#error "the first version of glibc on this machine is not known here"
#endif

#define CNM_FIRST(symbol) __asm__(".symver " #symbol "," #symbol "@" CNM_FIRST_GLIBC)

// glibc 2.34 moved these from libpthread and libdl into libc and gave them a new version, 2.32 did it to
// pthread_sigmask. They are what they were.
CNM_FIRST(dlclose);
CNM_FIRST(dlopen);
CNM_FIRST(dlsym);
CNM_FIRST(pthread_create);
CNM_FIRST(pthread_detach);
CNM_FIRST(pthread_join);
CNM_FIRST(pthread_rwlock_rdlock);
CNM_FIRST(pthread_rwlock_unlock);
CNM_FIRST(pthread_rwlock_wrlock);
CNM_FIRST(pthread_sigmask);
__asm__(".symver pthread_setname_np,pthread_setname_np@" CNM_GLIBC_2_12);

// GCC 12 took the cancellation point out of std::condition_variable::wait; nothing here cancels threads.
__asm__(
    ".symver _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE,"
    "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");
