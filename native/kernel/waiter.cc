#include "kernel/waiter.h"

#include <poll.h>

#include <cerrno>
#include <utility>

#include "kernel/thread.h"

namespace cnm {

Waiter::Waiter(std::function<void(std::unique_ptr<Job>)> finished) : finished_(std::move(finished)) {}

Waiter::~Waiter() { Stop(); }

int Waiter::Post(std::unique_ptr<Job> job, std::shared_ptr<const Source> source) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return -ECANCELED;
  if (!started_) {
    if (const int error = StartThread(thread_, [this] { Loop(); })) return error;
    started_ = true;
  }
  waiting_.push_back({.job = std::move(job), .source = std::move(source)});
  bell_->Ring();
  return 0;
}

void Waiter::Stop() {
  std::vector<Waiting> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    dropped.swap(waiting_);
    bell_->Ring();
  }
  if (started_) pthread_join(thread_, nullptr);
}

void Waiter::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    auto due = TakeDue(lock);
    lock.unlock();
    for (auto& job : due) {
      job->Run();
      finished_(std::move(job));
    }
    lock.lock();
  }
}

std::vector<std::unique_ptr<Job>> Waiter::TakeDue(std::unique_lock<std::mutex>& lock) {
  const auto is_over = [](const Waiting& each) { return each.job->cancelled || each.source->fd() < 0; };
  std::vector<pollfd> polled = {{.fd = bell_->fd(), .events = POLLIN, .revents = 0}};
  bool hurry = false;
  for (const Waiting& each : waiting_) {
    polled.push_back({.fd = each.source->fd(), .events = POLLIN, .revents = 0});
    hurry |= is_over(each);
  }
  lock.unlock();
  poll(polled.data(), polled.size(), hurry ? 0 : -1);
  bell_->Silence();
  lock.lock();
  std::vector<std::unique_ptr<Job>> due;
  std::vector<Waiting> rest;
  for (size_t i = 0; i < waiting_.size(); i++) {
    // What was posted meanwhile was not polled.
    const bool readable = i + 1 < polled.size() && polled[i + 1].revents;
    if (readable || is_over(waiting_[i])) {
      due.push_back(std::move(waiting_[i].job));
    } else {
      rest.push_back(std::move(waiting_[i]));
    }
  }
  waiting_ = std::move(rest);
  return due;
}

}  // namespace cnm
