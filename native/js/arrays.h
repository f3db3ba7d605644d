#pragma once

#include <napi.h>

#include <algorithm>
#include <functional>

namespace cnm {

/**
 * A typed array of what `projection` says of each row. Empty when the environment is being taken down.
 */
template <typename T, typename Rows, typename Projection = std::identity>
Napi::TypedArrayOf<T> ArrayOf(Napi::Env env, const Rows& rows, Projection projection = {}) {
  auto array = Napi::TypedArrayOf<T>::New(env, rows.size());
  if (!array.IsEmpty()) std::ranges::transform(rows, array.Data(), projection);
  return array;
}

}  // namespace cnm
