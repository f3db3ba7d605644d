#pragma once

#include <pthread.h>

#include <functional>

namespace cnm {

/** Runs `body` on a new thread that takes no signals: they are the main thread's. 0, or a negative errno. */
int StartThread(pthread_t& thread, std::function<void()> body);

}  // namespace cnm
