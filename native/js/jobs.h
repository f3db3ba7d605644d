#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "js/errors.h"
#include "kernel/place.h"
#include "kernel/waiter.h"
#include "kernel/worker.h"

namespace cnm {

/** A job whose end is told to JS. */
class Task : public Job {
 public:
  /** JS thread, after Run(). */
  virtual void Settle(Napi::Env env) = 0;

  /** By which cancel() knows it. */
  std::optional<double> number;
  /** The process waits for it. */
  bool awaited = true;
  /** Nobody else is to wait for it. */
  bool behind = false;
};

/** `work` runs on the kernel thread; `settle` takes its result to the promise, on the JS thread. */
template <typename Result>
class PromisedTask final : public Task {
 public:
  using Work = std::function<Result(const std::atomic<bool>& cancelled)>;
  using Conclude = std::function<void(Napi::Env env, const Napi::Promise::Deferred& promise, Result& result)>;

  PromisedTask(Napi::Env env, Work work, Conclude conclude)
      : promise(Napi::Promise::Deferred::New(env)), work_(std::move(work)), conclude_(std::move(conclude)) {}

  void Run() override { result_ = work_(cancelled); }
  void Settle(Napi::Env env) override { conclude_(env, promise, result_); }

  const Napi::Promise::Deferred promise;

 private:
  const Work work_;
  const Conclude conclude_;
  Result result_;
};

/** The jobs of one environment: posts them to its threads and brings them back. JS thread only. */
class Jobs {
 public:
  explicit Jobs(Napi::Env env);

  /** On the kernel thread, on that behind it, or, with a `source`, on the waiting thread once there is something to do.
   */
  template <typename Result>
  Napi::Value Submit(typename PromisedTask<Result>::Work work, typename PromisedTask<Result>::Conclude conclude,
                     std::optional<double> number = {}, const std::shared_ptr<const Source>& source = {},
                     bool behind = false) {
    auto task = std::make_unique<PromisedTask<Result>>(env_, std::move(work), std::move(conclude));
    // Else the promise is none, or the arguments were not read to their end.
    if (!CanGoOn(env_)) return {};
    task->number = number;
    task->behind = behind;
    const Napi::Promise promise = task->promise.Promise();
    const int error = Post(std::move(task), source);
    if (error == 0) return promise;
    ErrorOf(env_, Refusal{.error = error}).ThrowAsJavaScriptException();
    return {};
  }

  /** Closes a place after the jobs that use it. `collected`: nobody else did, and a warning says so. */
  void Close(std::shared_ptr<Place> place, const std::string& path, bool collected, bool behind);

  bool IsRunning(double number) const { return numbered_.contains(number); }
  /** False when it is already over. */
  bool Cancel(double number);

  /** Whoever closes a source rings it. */
  const std::shared_ptr<const Bell>& bell() const { return waiter_.bell(); }

 private:
  static void Deliver(Napi::Env env, Napi::Function, Jobs* jobs, Task* task);
  using Completion = Napi::TypedThreadSafeFunction<Jobs, Task, Deliver>;

  /** 0, or a negative errno. */
  int Post(std::unique_ptr<Task> task, std::shared_ptr<const Source> source = {});
  void Stop();
  /** Any thread. */
  void Complete(std::unique_ptr<Job> job);

  Napi::Env env_;
  Completion completion_;
  Worker worker_;
  Worker behind_;
  Waiter waiter_;
  std::unordered_map<double, Task*> numbered_;
  size_t awaited_ = 0;
  bool stopped_ = false;
};

}  // namespace cnm
