#include "js/jobs.h"

#include "js/globals.h"

namespace cnm {

namespace {

class CloseTask final : public Task {
 public:
  CloseTask(std::shared_ptr<Place> place, std::string path, bool collected, bool is_behind)
      : place_(std::move(place)), path_(std::move(path)), collected_(collected) {
    awaited = false;
    behind = is_behind;
  }

  void Run() override { place_->Close(); }

  void Settle(Napi::Env env) override {
    if (!collected_) return;
    Napi::Object options = Napi::Object::New(env);
    options.Set("code", "CNM_WARN_COLLECTED");
    const std::string sentence = "A Netns was collected while open; close it: " + (path_.empty() ? "current()" : path_);
    CallGlobal(env, "process", "emitWarning", {Napi::String::New(env, sentence), options});
  }

 private:
  const std::shared_ptr<Place> place_;
  const std::string path_;
  const bool collected_;
};

}  // namespace

Jobs::Jobs(Napi::Env env)
    : env_(env),
      completion_(Completion::New(env, "cnm", 0, 1, this)),
      worker_([this](std::unique_ptr<Job> job) { Complete(std::move(job)); }),
      behind_([this](std::unique_ptr<Job> job) { Complete(std::move(job)); }),
      waiter_([this](std::unique_ptr<Job> job) { Complete(std::move(job)); }) {
  completion_.Unref(env);
  // Hooks run last in, first out: all threads have ended when the thread-safe function is torn down.
  env.AddCleanupHook([this] { Stop(); });
}

void Jobs::Stop() {
  stopped_ = true;
  worker_.Stop();
  behind_.Stop();
  waiter_.Stop();
}

void Jobs::Complete(std::unique_ptr<Job> job) { completion_.NonBlockingCall(static_cast<Task*>(job.release())); }

int Jobs::Post(std::unique_ptr<Task> task, std::shared_ptr<const Source> source) {
  Task* posted = task.get();
  const std::optional<double> number = task->number;
  const bool awaited = task->awaited;
  Worker& worker = task->behind ? behind_ : worker_;
  const int error = source ? waiter_.Post(std::move(task), std::move(source)) : worker.Post(std::move(task));
  if (error) return error;
  if (number) numbered_.emplace(*number, posted);
  if (awaited && awaited_++ == 0) completion_.Ref(env_);
  return 0;
}

void Jobs::Close(std::shared_ptr<Place> place, const std::string& path, bool collected, bool behind) {
  // After Stop() nobody else uses the place, and it closes as it goes out of scope.
  if (!stopped_) Post(std::make_unique<CloseTask>(std::move(place), path, collected, behind));
}

bool Jobs::Cancel(double number) {
  const auto found = numbered_.find(number);
  if (found == numbered_.end()) return false;
  found->second->cancelled = true;
  bell()->Ring();
  return true;
}

void Jobs::Deliver(Napi::Env env, Napi::Function, Jobs* jobs, Task* delivered) {
  const std::unique_ptr<Task> task(delivered);
  if (env == nullptr) return;
  if (task->number) jobs->numbered_.erase(*task->number);
  if (task->awaited && --jobs->awaited_ == 0) jobs->completion_.Unref(env);
  if (CanGoOn(env)) task->Settle(env);
}

}  // namespace cnm
