#pragma once

#include <napi.h>

namespace cnm {

/** A number that no job has yet; false has thrown. NaN is none: nothing is found by it. */
bool ReadJob(const Napi::Value& value, double& job);

/** Adds the functions of binding.d.ts. */
void DefineFunctions(Napi::Env env, Napi::Object exports);

}  // namespace cnm
