#include "js/errors.h"

#include <system_error>

#include "js/arrays.h"

namespace cnm {

namespace {

template <typename Error>
void Throw(Napi::Env env, const std::string& sentence, const char* code) {
  if (!CanGoOn(env)) return;
  const Napi::Error error = Error::New(env, sentence);
  error.Set("code", code);
  error.ThrowAsJavaScriptException();
}

Napi::Object RowsOf(Napi::Env env, const std::vector<RefusedRow>& rows) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("row", ArrayOf<uint32_t>(env, rows, &RefusedRow::row));
  object.Set("errno", ArrayOf<int32_t>(env, rows, &RefusedRow::error));
  return object;
}

}  // namespace

bool CanGoOn(Napi::Env env) {
  bool ignored;
  return env != nullptr && napi_has_named_property(env, env.Global(), "process", &ignored) == napi_ok;
}

void ThrowInvalid(Napi::Env env, const std::string& sentence) {
  Throw<Napi::TypeError>(env, sentence, "ERR_CNM_INVALID_ARG");
}

void ThrowClosed(Napi::Env env, const std::string& sentence) { Throw<Napi::Error>(env, sentence, "ERR_CNM_CLOSED"); }

Napi::Error ErrorOf(Napi::Env env, const Refusal& refusal) {
  const std::string words = refusal.message.empty() ? std::generic_category().message(-refusal.error) : refusal.message;
  Napi::Error error = Napi::Error::New(env, words);
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
  if (refusal.command) object.Set("command", static_cast<double>(*refusal.command));
  if (refusal.untried > 0) object.Set("untried", static_cast<double>(refusal.untried));
  if (!refusal.rows.empty()) object.Set("rows", RowsOf(env, refusal.rows));
  return object;
}

}  // namespace cnm
