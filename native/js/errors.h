#pragma once

#include <napi.h>

#include <string>

#include "facts/outcome.h"

namespace cnm {

/**
 * False when an exception is under way, or the environment is being taken down, which another thread can begin at any
 * moment: whatever touches an object of JS fails from then on, and answers with an empty value.
 */
bool CanGoOn(Napi::Env env);

/** Misuse: a wrong argument, ERR_CNM_INVALID_ARG. */
void ThrowInvalid(Napi::Env env, const std::string& sentence);

/** Misuse: a handle that was closed, ERR_CNM_CLOSED. */
void ThrowClosed(Napi::Env env, const std::string& sentence);

/** Error{errno} in the refusal's words, or in the system's where it has none. */
Napi::Error ErrorOf(Napi::Env env, const Refusal& refusal);

Napi::Object RefusalOf(Napi::Env env, const Refusal& refusal);

}  // namespace cnm
