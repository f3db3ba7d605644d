#include "js/errors.h"

#include <algorithm>
#include <system_error>

namespace cnm {

namespace {

void Throw(const Napi::Error& error, const char* code) {
  error.Set("code", code);
  error.ThrowAsJavaScriptException();
}

Napi::Object RowsOf(Napi::Env env, const std::vector<RefusedRow>& rows) {
  auto row = Napi::Uint32Array::New(env, rows.size());
  auto error = Napi::Int32Array::New(env, rows.size());
  std::ranges::transform(rows, row.Data(), &RefusedRow::row);
  std::ranges::transform(rows, error.Data(), &RefusedRow::error);
  Napi::Object object = Napi::Object::New(env);
  object.Set("row", row);
  object.Set("errno", error);
  return object;
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
  if (refusal.untried > 0) object.Set("untried", static_cast<double>(refusal.untried));
  if (!refusal.rows.empty()) object.Set("rows", RowsOf(env, refusal.rows));
  return object;
}

}  // namespace cnm
