#pragma once

#include <napi.h>

#include <memory>

#include "kernel/packet_socket.h"

namespace cnm {

/** class PacketSocket of binding.d.ts. */
class PacketClass : public Napi::ObjectWrap<PacketClass> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit PacketClass(const Napi::CallbackInfo& info);

 private:
  static Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Next(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  /** False has thrown. */
  bool CheckOpen(Napi::Env env) const;

  /** Null once closed. */
  std::shared_ptr<PacketSocket> socket_;
};

}  // namespace cnm
