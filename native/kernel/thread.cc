#include "kernel/thread.h"

#include <csignal>
#include <memory>
#include <utility>

namespace cnm {

namespace {

using Body = std::function<void()>;

void* Run(void* argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

int StartThread(pthread_t& thread, std::function<void()> body) {
  auto argument = std::make_unique<Body>(std::move(body));
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread, nullptr, Run, argument.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) static_cast<void>(argument.release());
  return -error;
}

}  // namespace cnm
