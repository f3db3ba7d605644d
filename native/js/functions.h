#pragma once

#include <napi.h>

namespace cnm {

/** Adds the functions of binding.d.ts. */
void DefineFunctions(Napi::Env env, Napi::Object exports);

}  // namespace cnm
