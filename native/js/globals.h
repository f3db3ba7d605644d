#pragma once

#include <napi.h>

#include <initializer_list>

namespace cnm {

/** `object.method(...arguments)` of a global object; empty when that throws. */
Napi::Value CallGlobal(Napi::Env env, const char* object, const char* method,
                       const std::initializer_list<napi_value>& arguments);

}  // namespace cnm
