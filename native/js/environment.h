#pragma once

#include <napi.h>

#include <memory>

#include "js/jobs.h"

namespace cnm {

/** What one environment (the main thread, or one worker) has of its own. Nothing is shared between them. */
struct Environment {
  explicit Environment(Napi::Env env) : jobs(std::make_shared<Jobs>(env)) {}

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  /** Shared with every Netns, which may be collected last. */
  const std::shared_ptr<Jobs> jobs;
  /** The class Netns. */
  Napi::FunctionReference netns;
  /** The class Monitor. */
  Napi::FunctionReference monitor;
  /** The class PacketSocket. */
  Napi::FunctionReference packet;
};

}  // namespace cnm
