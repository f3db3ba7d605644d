#include "js/columns.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "js/arrays.h"
#include "js/errors.h"

namespace cnm {

namespace {

/** Copying less than this is cheaper than telling the runtime about memory of ours. */
constexpr size_t kWorthHandingOver = 65536;

/** Of one value, or of the bytes of one row. */
template <typename T>
struct ElementOf {
  using Type = T;
};

template <size_t N>
struct ElementOf<std::array<uint8_t, N>> {
  using Type = uint8_t;
};

Napi::ArrayBuffer Copy(Napi::Env env, const void* data, size_t size) {
  auto buffer = Napi::ArrayBuffer::New(env, size);
  if (size > 0 && !buffer.IsEmpty()) memcpy(buffer.Data(), data, size);
  return buffer;
}

/** The memory of `column`, which JS frees; a copy where the runtime takes no memory but its own. */
template <typename T>
Napi::ArrayBuffer HandOver(Napi::Env env, std::vector<T>& column) {
  const size_t size = column.size() * sizeof(T);
  if (size < kWorthHandingOver) return Copy(env, column.data(), size);
  auto owned = std::make_unique<std::vector<T>>(std::move(column));
  const auto free = [](napi_env, void*, void* vector) { delete static_cast<std::vector<T>*>(vector); };
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, owned->data(), size, free, owned.get(), &buffer) != napi_ok) {
    return Copy(env, owned->data(), size);
  }
  static_cast<void>(owned.release());
  return {env, buffer};
}

template <typename T>
Napi::Value ColumnOf(Napi::Env env, std::vector<T>& column) {
  using Element = typename ElementOf<T>::Type;
  const size_t length = column.size() * sizeof(T) / sizeof(Element);
  return Napi::TypedArrayOf<Element>::New(env, length, HandOver(env, column), 0);
}

Napi::Value ColumnOf(Napi::Env env, Lines& column) { return Napi::String::New(env, column.text()); }

template <typename Row>
Napi::Object ObjectOf(Napi::Env env, Table<Row>& table) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("length", static_cast<double>(table.columns.length()));
  object.Set("refusal", table.refusal ? RefusalOf(env, *table.refusal) : env.Null());
  table.columns.Each([&](const auto& field, auto& column) { object.Set(field.name, ColumnOf(env, column)); });
  return object;
}

}  // namespace

Napi::Object OutcomeOf(Napi::Env env, const Outcome& outcome) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("done", static_cast<double>(outcome.done));
  object.Set("ifindex", ArrayOf<int32_t>(env, outcome.ifindex));
  object.Set("count", ArrayOf<uint32_t>(env, outcome.count));
  object.Set("refusal", outcome.refusal ? RefusalOf(env, *outcome.refusal) : env.Null());
  return object;
}

Napi::Object TableOf(Napi::Env env, Table<LinkRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<AddressRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<RouteRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<NeighRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<FdbRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<NexthopRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<ConntrackRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<LinkStatsRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<QdiscRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<XfrmPolicyRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<XfrmStateRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<VniRow>& table) { return ObjectOf(env, table); }

Napi::Object TableOf(Napi::Env env, Table<VlanRow>& table) { return ObjectOf(env, table); }

namespace {

Napi::Array TransactionsOf(Napi::Env env, const std::vector<RulesetChange>& transactions) {
  Napi::Array list = Napi::Array::New(env, transactions.size());
  for (uint32_t i = 0; i < transactions.size(); i++) {
    Napi::Array touched = Napi::Array::New(env);
    for (const std::string& name : transactions[i].touched) touched.Set(touched.Length(), name);
    Napi::Object object = Napi::Object::New(env);
    object.Set("pid", transactions[i].pid);
    object.Set("process", transactions[i].process);
    object.Set("own", transactions[i].own);
    object.Set("touched", touched);
    list.Set(i, object);
  }
  return list;
}

}  // namespace

Napi::Object NewsOf(Napi::Env env, News& news) {
  Napi::Array changes = Napi::Array::New(env, news.changes.size());
  for (uint32_t i = 0; i < news.changes.size(); i++) {
    auto& [rows, removed] = news.changes[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("table", std::string(kTableNames[rows.index()]));
    object.Set("rows", std::visit([&](auto& table) { return TableOf(env, table); }, rows));
    object.Set("removed", ArrayOf<uint8_t>(env, removed));
    changes.Set(i, object);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("changes", changes);
  object.Set("transactions", TransactionsOf(env, news.transactions));
  object.Set("overrun", news.overrun);
  object.Set("routesInDoubt", news.routes_in_doubt);
  return object;
}

}  // namespace cnm
