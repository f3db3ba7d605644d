#include "kernel/worker.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <future>
#include <thread>
#include <vector>

#include "kernel/program.h"
#include "space.h"

using namespace cnm;

namespace {

class Do final : public Job {
 public:
  explicit Do(std::function<void(Job&)> body) : body_(std::move(body)) {}
  void Run() override { body_(*this); }

 private:
  const std::function<void(Job&)> body_;
};

std::unique_ptr<Job> Doing(std::function<void(Job&)> body) { return std::make_unique<Do>(std::move(body)); }

/** A job's way to be told to go on. */
class Gate {
 public:
  void Open() { promise_.set_value(); }
  void Wait() { promise_.get_future().wait(); }

 private:
  std::promise<void> promise_;
};

void Forget(std::unique_ptr<Job>) {}

}  // namespace

TEST_SUITE_BEGIN("worker");

TEST_CASE("jobs run one after another, in the order in which they were posted, off our thread") {
  std::vector<int> ran, finished;
  std::thread::id thread;
  Gate last;
  {
    Worker worker([&](std::unique_ptr<Job>) { finished.push_back(static_cast<int>(ran.size())); });
    for (int n = 0; n < 100; n++) {
      REQUIRE_EQ(worker.Post(Doing([&, n](Job&) {
        thread = std::this_thread::get_id();
        ran.push_back(n);
        if (n == 99) last.Open();
      })),
                 0);
    }
    last.Wait();
  }
  CHECK_NE(thread, std::this_thread::get_id());
  for (int n = 0; n < 100; n++) CHECK_EQ(ran[static_cast<size_t>(n)], n);
  CHECK_EQ(finished.size(), 100);
  CHECK_EQ(finished.front(), 1);
}

TEST_CASE("one that never had a job ends without a thread") {
  Worker worker(Forget);
  worker.Stop();
  worker.Stop();
}

TEST_CASE("stopping drops what waits and cancels what runs") {
  Gate started;
  bool cancelled = false, second = false;
  Worker worker(Forget);
  worker.Post(Doing([&](Job& job) {
    started.Open();
    while (!job.cancelled) std::this_thread::yield();
    cancelled = true;
  }));
  worker.Post(Doing([&](Job&) { second = true; }));
  started.Wait();
  worker.Stop();
  CHECK(cancelled);
  CHECK_FALSE(second);
  CHECK_EQ(worker.Post(Doing([&](Job&) { second = true; })), -ECANCELED);
  CHECK_FALSE(second);
}

TEST_CASE("every job is given back or dropped: none is lost") {
  std::atomic<int> alive = 0;
  struct Counted final : Job {
    explicit Counted(std::atomic<int>& count) : alive(count) { alive++; }
    ~Counted() override { alive--; }
    void Run() override {}
    std::atomic<int>& alive;
  };
  {
    Worker worker(Forget);
    for (int n = 0; n < 1000; n++) worker.Post(std::make_unique<Counted>(alive));
  }
  CHECK_EQ(alive, 0);
}

TEST_CASE("many threads can post to one") {
  std::atomic<int> ran = 0;
  Gate all;
  Worker worker(Forget);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; t++) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; n++) {
        worker.Post(Doing([&](Job&) {
          if (++ran == 1600) all.Open();
        }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.Wait();
  CHECK_EQ(ran, 1600);
}

/** What environments do: each has its own kernel thread and handles, and all of them share one libnftables. */
TEST_CASE("many of them work at once, and are stopped in the middle") {
  constexpr char kAddTable[] = R"({"nftables": [{"add": {"table": {"family": "inet", "name": "lab"}}}]})";
  std::vector<std::thread> environments;
  for (int e = 0; e < 8; e++) {
    environments.emplace_back([&] {
      const Space space;
      Program program{.places = {space.place()}, .ops = {{.step = NftOp{kAddTable}}}};
      for (int n = 0; n < 50; n++) program.ops.push_back(AddBridge("br" + std::to_string(n)));
      for (int round = 0; round < 5; round++) {
        std::atomic<int> finished = 0;
        Worker worker([&](std::unique_ptr<Job>) { finished++; });
        for (int n = 0; n < 4; n++) worker.Post(Doing([&](Job& job) { CarryOut(program, job.cancelled); }));
        if (round % 2 == 0) {
          while (finished == 0) std::this_thread::yield();
        }
        worker.Stop();
      }
    });
  }
  for (std::thread& environment : environments) environment.join();
}

TEST_SUITE_END();
