#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace cnm {

/** Something to be done on the kernel thread. */
class Job {
 public:
  virtual ~Job() = default;
  virtual void Run() = 0;

  /** Set by any thread; Run() looks at it between two steps. */
  std::atomic<bool> cancelled = false;
};

/** The kernel thread: does jobs one after another, in the order in which they were posted. It starts with the first. */
class Worker {
 public:
  /** `finished` is called on the kernel thread with each job that has run. */
  explicit Worker(std::function<void(std::unique_ptr<Job>)> finished);
  ~Worker();

  /** 0, or the negative errno for which no thread could be started; the job is dropped then, as after Stop(). */
  int Post(std::unique_ptr<Job> job);

  /** Drops what is queued, cancels the running job, and waits until its current step is over. */
  void Stop();

 private:
  void Loop();

  const std::function<void(std::unique_ptr<Job>)> finished_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  Job* running_ = nullptr;
  pthread_t thread_{};
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace cnm
