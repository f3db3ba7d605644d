#include "kernel/worker.h"

#include <cerrno>
#include <utility>

#include "kernel/thread.h"

namespace cnm {

Worker::Worker(std::function<void(std::unique_ptr<Job>)> finished) : finished_(std::move(finished)) {}

Worker::~Worker() { Stop(); }

int Worker::Post(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return -ECANCELED;
  if (!started_) {
    if (const int error = StartThread(thread_, [this] { Loop(); })) return error;
    started_ = true;
  }
  queue_.push_back(std::move(job));
  wake_.notify_one();
  return 0;
}

void Worker::Stop() {
  std::deque<std::unique_ptr<Job>> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    dropped.swap(queue_);
    if (running_) running_->cancelled = true;
    wake_.notify_one();
  }
  if (started_) pthread_join(thread_, nullptr);
}

void Worker::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    auto job = std::move(queue_.front());
    queue_.pop_front();
    running_ = job.get();
    lock.unlock();
    job->Run();
    lock.lock();
    running_ = nullptr;
    lock.unlock();
    finished_(std::move(job));
    lock.lock();
  }
}

}  // namespace cnm
