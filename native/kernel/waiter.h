#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/bell.h"
#include "kernel/worker.h"

namespace cnm {

/** What a job waits for. */
class Source {
 public:
  virtual ~Source() = default;
  /** Readable when there is something to do; -1 once it is closed, and whoever closes it rings the waiter's bell. */
  virtual int fd() const = 0;
  /** Nothing more will come. */
  virtual void End() = 0;
};

/** The waiting thread: does each job once its source is readable or closed, or it is cancelled. It starts with the
 * first. */
class Waiter {
 public:
  /** `finished` is called on the waiting thread with each job that has run. */
  explicit Waiter(std::function<void(std::unique_ptr<Job>)> finished);
  ~Waiter();

  /** 0, or the negative errno for which no thread could be started; the job is dropped then, as after Stop(). */
  int Post(std::unique_ptr<Job> job, std::shared_ptr<const Source> source);

  /** To be rung when a job was cancelled or a source closed. */
  const std::shared_ptr<const Bell>& bell() const { return bell_; }

  /** Drops what waits, and ends the thread. */
  void Stop();

 private:
  struct Waiting {
    std::unique_ptr<Job> job;
    std::shared_ptr<const Source> source;
  };

  void Loop();
  /** Waits until at least one job is due, or the bell rings; answers with those that are. */
  std::vector<std::unique_ptr<Job>> TakeDue(std::unique_lock<std::mutex>& lock);

  const std::function<void(std::unique_ptr<Job>)> finished_;
  const std::shared_ptr<const Bell> bell_ = std::make_shared<Bell>();
  std::mutex mutex_;
  std::vector<Waiting> waiting_;
  pthread_t thread_{};
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace cnm
