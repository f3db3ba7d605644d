#include "js/columns.h"

#include <algorithm>

#include "js/errors.h"

namespace cnm {

namespace {

/** Results are copied into memory of JS's own: not every runtime takes a buffer of ours. */
template <typename Row>
class Columns {
 public:
  Columns(Napi::Env env, const Table<Row>& table) : env_(env), rows_(table.rows), object_(Napi::Object::New(env)) {
    object_.Set("length", static_cast<double>(rows_.size()));
    object_.Set("refusal", table.refusal ? RefusalOf(env, *table.refusal) : env.Null());
  }

  template <typename T>
  void Numbers(const char* name, T Row::*field) {
    auto column = Napi::TypedArrayOf<T>::New(env_, rows_.size());
    std::ranges::transform(rows_, column.Data(), field);
    object_.Set(name, column);
  }

  template <size_t N>
  void Bytes(const char* name, std::array<uint8_t, N> Row::*field) {
    auto column = Napi::Uint8Array::New(env_, rows_.size() * N);
    uint8_t* to = column.Data();
    for (const Row& row : rows_) to = std::ranges::copy(row.*field, to).out;
    object_.Set(name, column);
  }

  void Lines(const char* name, std::string Row::*field) {
    std::string lines;
    for (const Row& row : rows_) (lines += row.*field) += '\n';
    if (!lines.empty()) lines.pop_back();
    object_.Set(name, lines);
  }

  Napi::Object object() const { return object_; }

 private:
  Napi::Env env_;
  const std::vector<Row>& rows_;
  Napi::Object object_;
};

}  // namespace

Napi::Object OutcomeOf(Napi::Env env, const Outcome& outcome) {
  auto ifindex = Napi::Int32Array::New(env, outcome.ifindex.size());
  std::ranges::copy(outcome.ifindex, ifindex.Data());
  auto count = Napi::Uint32Array::New(env, outcome.count.size());
  std::ranges::copy(outcome.count, count.Data());
  Napi::Object object = Napi::Object::New(env);
  object.Set("done", static_cast<double>(outcome.done));
  object.Set("ifindex", ifindex);
  object.Set("count", count);
  object.Set("refusal", outcome.refusal ? RefusalOf(env, *outcome.refusal) : env.Null());
  return object;
}

Napi::Object TableOf(Napi::Env env, const Table<LinkRow>& table) {
  Columns<LinkRow> columns(env, table);
  columns.Numbers("index", &LinkRow::index);
  columns.Numbers("flags", &LinkRow::flags);
  columns.Numbers("mtu", &LinkRow::mtu);
  columns.Numbers("master", &LinkRow::master);
  columns.Numbers("parent", &LinkRow::parent);
  columns.Numbers("group", &LinkRow::group);
  columns.Bytes("mac", &LinkRow::mac);
  columns.Numbers("operState", &LinkRow::oper_state);
  columns.Lines("names", &LinkRow::name);
  columns.Lines("kinds", &LinkRow::kind);
  return columns.object();
}

Napi::Object TableOf(Napi::Env env, const Table<AddressRow>& table) {
  Columns<AddressRow> columns(env, table);
  columns.Numbers("link", &AddressRow::link);
  columns.Numbers("family", &AddressRow::family);
  columns.Numbers("prefix", &AddressRow::prefix);
  columns.Numbers("scope", &AddressRow::scope);
  columns.Numbers("flags", &AddressRow::flags);
  columns.Bytes("address", &AddressRow::address);
  return columns.object();
}

Napi::Object TableOf(Napi::Env env, const Table<RouteRow>& table) {
  Columns<RouteRow> columns(env, table);
  columns.Numbers("family", &RouteRow::family);
  columns.Numbers("prefix", &RouteRow::prefix);
  columns.Numbers("table", &RouteRow::table);
  columns.Numbers("protocol", &RouteRow::protocol);
  columns.Numbers("scope", &RouteRow::scope);
  columns.Numbers("type", &RouteRow::type);
  columns.Numbers("link", &RouteRow::link);
  columns.Numbers("metric", &RouteRow::metric);
  columns.Bytes("to", &RouteRow::to);
  columns.Bytes("via", &RouteRow::via);
  return columns.object();
}

Napi::Object TableOf(Napi::Env env, const Table<NeighRow>& table) {
  Columns<NeighRow> columns(env, table);
  columns.Numbers("link", &NeighRow::link);
  columns.Numbers("family", &NeighRow::family);
  columns.Numbers("state", &NeighRow::state);
  columns.Numbers("flags", &NeighRow::flags);
  columns.Bytes("address", &NeighRow::address);
  columns.Bytes("mac", &NeighRow::mac);
  return columns.object();
}

Napi::Object TableOf(Napi::Env env, const Table<FdbRow>& table) {
  Columns<FdbRow> columns(env, table);
  columns.Numbers("link", &FdbRow::link);
  columns.Numbers("state", &FdbRow::state);
  columns.Numbers("flags", &FdbRow::flags);
  columns.Numbers("master", &FdbRow::master);
  columns.Bytes("mac", &FdbRow::mac);
  columns.Numbers("family", &FdbRow::family);
  columns.Bytes("dst", &FdbRow::dst);
  columns.Numbers("vni", &FdbRow::vni);
  columns.Numbers("srcVni", &FdbRow::src_vni);
  columns.Numbers("port", &FdbRow::port);
  columns.Numbers("via", &FdbRow::via);
  columns.Numbers("vlan", &FdbRow::vlan);
  return columns.object();
}

Napi::Object TableOf(Napi::Env env, const Table<ConntrackRow>& table) {
  Columns<ConntrackRow> columns(env, table);
  columns.Numbers("family", &ConntrackRow::family);
  columns.Numbers("proto", &ConntrackRow::proto);
  columns.Bytes("origSrc", &ConntrackRow::orig_src);
  columns.Bytes("origDst", &ConntrackRow::orig_dst);
  columns.Numbers("origSport", &ConntrackRow::orig_sport);
  columns.Numbers("origDport", &ConntrackRow::orig_dport);
  columns.Bytes("replySrc", &ConntrackRow::reply_src);
  columns.Bytes("replyDst", &ConntrackRow::reply_dst);
  columns.Numbers("replySport", &ConntrackRow::reply_sport);
  columns.Numbers("replyDport", &ConntrackRow::reply_dport);
  columns.Numbers("mark", &ConntrackRow::mark);
  columns.Numbers("zone", &ConntrackRow::zone);
  columns.Numbers("status", &ConntrackRow::status);
  columns.Numbers("tcpState", &ConntrackRow::tcp_state);
  columns.Numbers("timeout", &ConntrackRow::timeout);
  columns.Numbers("id", &ConntrackRow::id);
  return columns.object();
}

}  // namespace cnm
