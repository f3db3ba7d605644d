#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "js/jobs.h"
#include "kernel/place.h"

namespace cnm {

/** class Netns of binding.d.ts. */
class NetnsClass : public Napi::ObjectWrap<NetnsClass> {
 public:
  static Napi::Function Define(Napi::Env env);

  /** The place of a JS handle; null has thrown, speaking of it as `where`. `behind`: it may be one of behind(), and is.
   */
  static std::shared_ptr<Place> PlaceOf(const Napi::Value& value, const std::string& where, bool* behind = nullptr);

  explicit NetnsClass(const Napi::CallbackInfo& info);
  ~NetnsClass() override;

 private:
  static Napi::Value Current(const Napi::CallbackInfo& info);
  static Napi::Value At(const Napi::CallbackInfo& info);
  static Napi::Value Behind(const Napi::CallbackInfo& info);
  Napi::Value Path(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void Part(bool collected);

  std::shared_ptr<Jobs> jobs_;
  std::string path_;
  bool behind_ = false;
  /** Null once closed. */
  std::shared_ptr<Place> place_;
  /** Something may be open: there is something to close. */
  bool used_ = false;
};

}  // namespace cnm
