#include "js/errors.h"

#include <system_error>

namespace cnm {

namespace {

void Throw(const Napi::Error& error, const char* code) {
  error.Set("code", code);
  error.ThrowAsJavaScriptException();
}

}  // namespace

void ThrowInvalid(Napi::Env env, const std::string& sentence) {
  Throw(Napi::TypeError::New(env, sentence), "ERR_CNM_INVALID_ARG");
}

void ThrowClosed(Napi::Env env, const std::string& sentence) {
  Throw(Napi::Error::New(env, sentence), "ERR_CNM_CLOSED");
}

Napi::Error ErrorOf(Napi::Env env, const Refusal& refusal) {
  const std::string words = refusal.message.empty() ? std::generic_category().message(-refusal.error) : refusal.message;
  const Napi::Error error = Napi::Error::New(env, words);
  error.Set("errno", Napi::Number::New(env, refusal.error));
  return error;
}

Napi::Object RefusalOf(Napi::Env env, const Refusal& refusal) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("op", static_cast<double>(refusal.op));
  object.Set("errno", refusal.error);
  object.Set("message", refusal.message);
  object.Set("attribute", refusal.attribute);
  object.Set("request", refusal.request);
  return object;
}

}  // namespace cnm
