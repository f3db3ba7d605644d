#include "js/globals.h"

namespace cnm {

Napi::Value CallGlobal(Napi::Env env, const char* object, const char* method,
                       const std::initializer_list<napi_value>& arguments) {
  const Napi::Value owner = env.Global().Get(object);
  if (owner.IsEmpty()) return {};
  const Napi::Value function = owner.As<Napi::Object>().Get(method);
  if (function.IsEmpty()) return {};
  return function.As<Napi::Function>().Call(owner, arguments);
}

}  // namespace cnm
