#pragma once

#include <napi.h>

#include <memory>

#include "kernel/subscription.h"

namespace cnm {

/** class Monitor of binding.d.ts. */
class MonitorClass : public Napi::ObjectWrap<MonitorClass> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit MonitorClass(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  /** False has thrown. */
  bool CheckOpen(Napi::Env env) const;

  /** Null once closed. */
  std::shared_ptr<Subscription> subscription_;
};

}  // namespace cnm
