#include "js/functions.h"

#include <cerrno>
#include <cmath>

#include "js/columns.h"
#include "js/environment.h"
#include "js/errors.h"
#include "js/fields.h"
#include "js/filter.h"
#include "js/netns_class.h"
#include "js/ops.h"
#include "kernel/bindable.h"
#include "kernel/conntrack.h"
#include "kernel/datagram.h"
#include "kernel/descriptor.h"
#include "kernel/link_stats.h"
#include "kernel/nexthop.h"
#include "kernel/program.h"
#include "kernel/qdisc_rows.h"
#include "kernel/tables.h"
#include "kernel/vlan.h"
#include "kernel/vni.h"
#include "kernel/xfrm_policy.h"
#include "kernel/xfrm_state.h"

namespace cnm {

namespace {

using Promise = Napi::Promise::Deferred;

/** Of what a function learned of one namespace. */
template <typename T>
struct Answer {
  T value{};
  Refused refusal;
};

/** False has thrown. `behind`: all of them are. */
bool ReadPlaces(const Napi::Value& value, std::vector<std::shared_ptr<Place>>& places, bool& behind) {
  const Napi::Env env = value.Env();
  if (!value.IsArray()) {
    ThrowInvalid(env, "namespaces: expected an array");
    return false;
  }
  const auto array = value.As<Napi::Array>();
  places.resize(array.Length());
  for (uint32_t i = 0; i < places.size(); i++) {
    const Napi::Value netns = array.Get(i);
    if (netns.IsEmpty()) return false;
    const std::string where = "namespaces[" + std::to_string(i) + "]";
    bool is_behind;
    places[i] = NetnsClass::PlaceOf(netns, where, &is_behind);
    if (!places[i]) return false;
    if (i > 0 && is_behind != behind) {
      ThrowInvalid(env, where + ": expected all to be behind, or none");
      return false;
    }
    behind = is_behind;
  }
  return true;
}

/** False has thrown. */
bool ReadText(const Napi::Value& value, const char* name, std::string& text) {
  const char* expected = Read(value, text);
  if (expected) ThrowInvalid(value.Env(), std::string(name) + ": expected " + expected);
  return !expected;
}

Napi::Value Apply(const Napi::CallbackInfo& info) {
  Program program;
  double job;
  bool behind = false;
  if (!ReadPlaces(info[0], program.places, behind) || !ReadOps(info[1], program.places, program.ops) ||
      !ReadJob(info[2], job)) {
    return {};
  }
  return Environment::Of(info.Env())
      .jobs->Submit<Outcome>(
          [program = std::move(program)](const std::atomic<bool>& cancelled) { return CarryOut(program, cancelled); },
          [](Napi::Env env, const Promise& promise, const Outcome& outcome) {
            promise.Resolve(OutcomeOf(env, outcome));
          },
          job, {}, behind);
}

/** A table is read with the fields that a filter of it may have. */
template <typename Row>
Napi::Value SubmitDump(const Napi::CallbackInfo& info, Table<Row> (*read)(Place&, const Filter&),
                       std::initializer_list<const char*> filters) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  double job;
  Filter filter;
  if (!place || !ReadJob(info[2], job) || !ReadFilter(info[3], filters, filter)) return {};
  return Environment::Of(info.Env())
      .jobs->Submit<Table<Row>>(
          [place = std::move(place), filter = std::move(filter), read](const std::atomic<bool>& cancelled) {
            return cancelled ? Table<Row>{.columns = {}, .refusal = Refusal{.error = -ECANCELED}}
                             : read(*place, filter);
          },
          [](Napi::Env env, const Promise& promise, Table<Row>& table) { promise.Resolve(TableOf(env, table)); }, job);
}

Napi::Value Dump(const Napi::CallbackInfo& info) {
  std::string table;
  if (!ReadText(info[1], "table", table)) return {};
  if (table == "link") return SubmitDump(info, DumpLinks, {"link", "master"});
  if (table == "address") return SubmitDump(info, DumpAddresses, {"link", "family"});
  if (table == "route") return SubmitDump(info, DumpRoutes, {"link", "family", "table", "type"});
  if (table == "neigh") return SubmitDump(info, DumpNeighbours, {"link", "master", "family", "proxy"});
  if (table == "fdb") return SubmitDump(info, DumpForwarding, {"link", "master"});
  if (table == "nexthop") return SubmitDump(info, DumpNexthops, {"link"});
  if (table == "conntrack") return SubmitDump(info, DumpConntrack, {});
  if (table == "linkStats") return SubmitDump(info, DumpLinkStats, {});
  if (table == "qdisc") return SubmitDump(info, DumpQdiscs, {});
  if (table == "xfrmPolicy") return SubmitDump(info, DumpXfrmPolicies, {});
  if (table == "xfrmState") return SubmitDump(info, DumpXfrmStates, {"keys"});
  if (table == "vni") return SubmitDump(info, DumpVnis, {"link"});
  if (table == "vlan") return SubmitDump(info, DumpVlans, {});
  ThrowInvalid(
      info.Env(),
      "table: expected 'link', 'address', 'route', 'neigh', 'fdb', 'nexthop', 'conntrack', 'linkStats', 'qdisc', "
      "'xfrmPolicy', 'xfrmState', 'vni' or 'vlan'");
  return {};
}

Napi::Value Cancel(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) {
    ThrowInvalid(info.Env(), "job: expected a number");
    return {};
  }
  return Napi::Boolean::New(info.Env(), Environment::Of(info.Env()).jobs->Cancel(info[0].As<Napi::Number>()));
}

/** Asks one namespace something; a refusal rejects the promise. */
template <typename T>
Napi::Value Ask(const Napi::CallbackInfo& info, std::function<Refused(T& value)> question,
                std::function<Napi::Value(Napi::Env env, const T& value)> convert) {
  return Environment::Of(info.Env())
      .jobs->Submit<Answer<T>>(
          [question = std::move(question)](const std::atomic<bool>&) {
            Answer<T> answer;
            answer.refusal = question(answer.value);
            return answer;
          },
          [convert = std::move(convert)](Napi::Env env, const Promise& promise, const Answer<T>& answer) {
            if (answer.refusal) {
              promise.Reject(ErrorOf(env, *answer.refusal).Value());
            } else {
              promise.Resolve(convert(env, answer.value));
            }
          });
}

Napi::Value TextOrNull(Napi::Env env, const std::optional<std::string>& text) {
  return text ? Napi::String::New(env, *text) : env.Null();
}

Napi::Value ReadSysctl(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  std::string path;
  if (!place || !ReadText(info[1], "path", path) || !CheckSysctlPath(info.Env(), path)) return {};
  return Ask<std::optional<std::string>>(
      info, [place, path](std::optional<std::string>& value) { return place->ReadSysctl(path, value); }, TextOrNull);
}

/** The command that lists a table. */
Napi::Array ListingOf(Napi::Env env, const std::string& family, const std::string& name) {
  Napi::Object table = Napi::Object::New(env);
  table.Set("family", family);
  table.Set("name", name);
  Napi::Object list = Napi::Object::New(env);
  list.Set("table", table);
  Napi::Object command = Napi::Object::New(env);
  command.Set("list", list);
  Napi::Array commands = Napi::Array::New(env, 1);
  commands.Set(0u, command);
  return commands;
}

Napi::Value ListNftTable(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  std::string family, table;
  if (!place || !ReadText(info[1], "family", family) || !ReadText(info[2], "table", table)) return {};
  std::string commands;
  if (!NftDocument(ListingOf(info.Env(), family, table), commands)) return {};
  return Ask<std::optional<std::string>>(
      info,
      [place, commands](std::optional<std::string>& listing) {
        Refused refusal = place->RunNft(commands, listing.emplace());
        if (!refusal || refusal->error != -ENOENT) return refusal;
        listing.reset();
        return Refused();
      },
      TextOrNull);
}

Napi::Value Inode(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  if (!place) return {};
  return Ask<uint64_t>(
      info, [place](uint64_t& inode) { return place->Inode(inode); },
      [](Napi::Env env, const uint64_t& inode) { return Napi::BigInt::New(env, inode); });
}

Napi::Value IsSpotBindable(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  std::string protocol;
  if (!place || !ReadText(info[1], "protocol", protocol)) return {};
  Spot spot{.address = {}, .port = 0, .udp = protocol == "udp"};
  uint32_t port = 0;
  if (!spot.udp && protocol != "tcp") {
    ThrowInvalid(info.Env(), "protocol: expected 'tcp' or 'udp'");
  } else if (const char* expected = Read(info[2], spot.address)) {
    ThrowInvalid(info.Env(), std::string("address: expected ") + expected);
  } else if (Read(info[3], port) || port == 0 || port > UINT16_MAX) {
    ThrowInvalid(info.Env(), "port: expected an integer from 1 to 65535");
  } else {
    spot.port = static_cast<uint16_t>(port);
    return Ask<bool>(
        info, [place, spot](bool& bindable) { return IsBindable(*place, spot, bindable); },
        [](Napi::Env env, const bool& bindable) { return Napi::Boolean::New(env, bindable); });
  }
  return {};
}

/** A descriptor and what `call` answers for it; nothing, and an exception, when it is none or the answer is an errno.
 */
std::optional<int> OnDescriptor(const Napi::CallbackInfo& info, int (*call)(int fd)) {
  uint32_t fd;
  if (const char* expected = Read(info[0], fd)) {
    ThrowInvalid(info.Env(), std::string("fd: expected ") + expected);
    return {};
  }
  const int answer = call(static_cast<int>(fd));
  if (answer >= 0) return answer;
  ErrorOf(info.Env(), Refusal{.error = answer}).ThrowAsJavaScriptException();
  return {};
}

Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  const auto taken = OnDescriptor(info, TryLock);
  return taken ? Napi::Boolean::New(info.Env(), *taken == 1) : Napi::Value();
}

Napi::Value CloseFileOnExec(const Napi::CallbackInfo& info) {
  OnDescriptor(info, CloseOnExec);
  return {};
}

Napi::Value SendText(const Napi::CallbackInfo& info) {
  std::string path, text;
  if (!ReadText(info[0], "path", path) || !ReadText(info[1], "text", text)) return {};
  const int answer = SendDatagram(path, text);
  if (answer < 0) ErrorOf(info.Env(), Refusal{.error = answer}).ThrowAsJavaScriptException();
  return {};
}

}  // namespace

bool ReadJob(const Napi::Value& value, double& job) {
  const Napi::Env env = value.Env();
  job = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (std::isnan(job)) {
    ThrowInvalid(env, "job: expected a number");
  } else if (Environment::Of(env).jobs->IsRunning(job)) {
    ThrowInvalid(env, "job: expected a number that is not in use");
  } else {
    return true;
  }
  return false;
}

void DefineFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("apply", Napi::Function::New<Apply>(env, "apply"));
  exports.Set("dump", Napi::Function::New<Dump>(env, "dump"));
  exports.Set("cancel", Napi::Function::New<Cancel>(env, "cancel"));
  exports.Set("readSysctl", Napi::Function::New<ReadSysctl>(env, "readSysctl"));
  exports.Set("listNftTable", Napi::Function::New<ListNftTable>(env, "listNftTable"));
  exports.Set("isBindable", Napi::Function::New<IsSpotBindable>(env, "isBindable"));
  exports.Set("inode", Napi::Function::New<Inode>(env, "inode"));
  exports.Set("tryLock", Napi::Function::New<TryLockFile>(env, "tryLock"));
  exports.Set("closeOnExec", Napi::Function::New<CloseFileOnExec>(env, "closeOnExec"));
  exports.Set("sendDatagram", Napi::Function::New<SendText>(env, "sendDatagram"));
}

}  // namespace cnm
