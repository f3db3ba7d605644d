#include "kernel/waiter.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <future>
#include <thread>

using namespace cnm;

namespace {

/** Something that is readable once it is told to be, and may be closed. */
class Signal final : public Source {
 public:
  int fd() const override { return closed_ ? -1 : fd_.get(); }
  void Raise() const { eventfd_write(fd_.get(), 1); }
  void End() override { closed_ = true; }

 private:
  const Fd fd_{eventfd(0, EFD_CLOEXEC)};
  std::atomic<bool> closed_ = false;
};

/** Says that it was done. */
class Told final : public Job {
 public:
  void Run() override { done_.set_value(); }
  std::future<void> done() { return done_.get_future(); }

 private:
  std::promise<void> done_;
};

struct Posted {
  explicit Posted(Waiter& waiter) {
    auto told = std::make_unique<Told>();
    job = told.get();
    done = told->done();
    REQUIRE_EQ(waiter.Post(std::move(told), source), 0);
  }
  bool IsDone() const { return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

  std::shared_ptr<Signal> source = std::make_shared<Signal>();
  /** Until it is done. */
  Job* job;
  std::future<void> done;
};

void Ignore(std::unique_ptr<Job>) {}

}  // namespace

TEST_SUITE_BEGIN("waiter");

TEST_CASE("each job is done once its source is readable, whatever the others wait for") {
  Waiter waiter(Ignore);
  const Posted first(waiter), second(waiter);
  second.source->Raise();
  second.done.wait();
  CHECK_FALSE(first.IsDone());
  first.source->Raise();
  first.done.wait();
}

TEST_CASE("or once it is cancelled, or its source closed") {
  Waiter waiter(Ignore);
  const Posted cancelled(waiter), closed(waiter);
  cancelled.job->cancelled = true;
  waiter.bell()->Ring();
  cancelled.done.wait();
  CHECK_FALSE(closed.IsDone());
  closed.source->End();
  waiter.bell()->Ring();
  closed.done.wait();
}

TEST_CASE("what still waits is dropped at the end, and nothing is taken any more") {
  Waiter waiter(Ignore);
  Posted posted(waiter);
  waiter.Stop();
  CHECK_THROWS_AS(posted.done.get(), std::future_error);
  CHECK_EQ(waiter.Post(std::make_unique<Told>(), std::make_shared<Signal>()), -ECANCELED);
  waiter.Stop();
}

TEST_CASE("many threads can post to one, and many sources be readable at once") {
  constexpr int kThreads = 8, kEach = 50;
  std::atomic<int> finished = 0;
  std::promise<void> all;
  Waiter waiter([&](std::unique_ptr<Job>) {
    if (++finished == kThreads * kEach) all.set_value();
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; n++) Posted(waiter).source->Raise();
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.get_future().wait();
}

TEST_SUITE_END();
