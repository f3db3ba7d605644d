// Preloaded into linux.uml. It sets the registers of its processes to a state of 2,696 bytes, which processors with AMX refuse
// (EFAULT): theirs is 11,008 bytes, and has to be set as a whole. Here it gets what is missing from the process itself.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static unsigned char whole[1 << 16];

long ptrace(enum __ptrace_request request, ...) {
  static long (*real)(int, ...);
  if (!real) real = (long (*)(int, ...))dlsym(RTLD_NEXT, "ptrace");
  va_list arguments;
  va_start(arguments, request);
  const int pid = va_arg(arguments, int);
  void* address = va_arg(arguments, void*);
  void* data = va_arg(arguments, void*);
  va_end(arguments);
  if (request != PTRACE_SETREGSET || address != (void*)NT_X86_XSTATE) return real(request, pid, address, data);
  const struct iovec* given = data;
  struct iovec state = {.iov_base = whole, .iov_len = sizeof whole};
  const long error = real(PTRACE_GETREGSET, pid, address, &state);
  if (error || state.iov_len <= given->iov_len) return error ? error : real(request, pid, address, data);
  memcpy(whole, given->iov_base, given->iov_len);
  return real(request, pid, address, &state);
}
