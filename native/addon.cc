#include <napi.h>

#include "js/environment.h"
#include "js/functions.h"
#include "js/monitor_class.h"
#include "js/netns_class.h"
#include "js/packet_class.h"

namespace {

/** Bumped on every change of binding.d.ts. */
constexpr int kAbi = 6;

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new cnm::Environment(env);
  env.SetInstanceData(environment);
  const Napi::Function netns = cnm::NetnsClass::Define(env);
  environment->netns = Napi::Persistent(netns);
  const Napi::Function monitor = cnm::MonitorClass::Define(env);
  environment->monitor = Napi::Persistent(monitor);
  const Napi::Function packet = cnm::PacketClass::Define(env);
  environment->packet = Napi::Persistent(packet);
  exports.Set("abi", kAbi);
  exports.Set("Netns", netns);
  exports.Set("Monitor", monitor);
  exports.Set("PacketSocket", packet);
  cnm::DefineFunctions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(cnm, Init)
