#pragma once

#include <napi.h>

#include <string>

#include "facts/outcome.h"

namespace cnm {

/** Misuse: a wrong argument, ERR_CNM_INVALID_ARG. */
void ThrowInvalid(Napi::Env env, const std::string& sentence);

/** Misuse: a handle that was closed, ERR_CNM_CLOSED. */
void ThrowClosed(Napi::Env env, const std::string& sentence);

/** Error{errno} in the refusal's words, or in the system's where it has none. */
Napi::Error ErrorOf(Napi::Env env, const Refusal& refusal);

Napi::Object RefusalOf(Napi::Env env, const Refusal& refusal);

}  // namespace cnm
