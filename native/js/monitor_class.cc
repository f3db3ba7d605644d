#include "js/monitor_class.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "js/columns.h"
#include "js/environment.h"
#include "js/errors.h"
#include "js/fields.h"
#include "js/functions.h"
#include "js/netns_class.h"

namespace cnm {

namespace {

using Promise = Napi::Promise::Deferred;

/** JS gets a turn of its own after so many messages. */
constexpr size_t kMost = 4096;

struct Opened {
  std::shared_ptr<Subscription> subscription;
  Refused refusal;
};

constexpr const char* kTablesExpected =
    "tables: expected an array of 'link', 'address', 'route', 'neigh' and 'fdb', or ['ruleset']";

/** Empty when there is one that cannot be followed. */
std::set<std::string> ReadNames(const Napi::Value& value) {
  const auto array = value.IsArray() ? value.As<Napi::Array>() : Napi::Array::New(value.Env());
  std::set<std::string> names;
  for (uint32_t i = 0; i < array.Length(); i++) {
    std::string name;
    if (Read(array.Get(i), name)) return {};
    names.insert(name);
  }
  return names;
}

/** False has thrown. */
bool ReadTables(const Napi::Value& value, Interest& interest) {
  const std::set<std::string> names = ReadNames(value);
  interest.ruleset = names == std::set<std::string>{"ruleset"};
  for (size_t i = 0; i < kTableNames.size(); i++) {
    if (names.contains(std::string(kTableNames[i]))) interest.tables.insert(static_cast<TableIndex>(i));
  }
  const bool ok = !names.empty() && (interest.ruleset || interest.tables.size() == names.size());
  if (!ok) ThrowInvalid(value.Env(), kTablesExpected);
  return ok;
}

/** False has thrown. */
bool ReadBuffer(const Napi::Value& value, uint32_t& buffer) {
  const bool ok = !Read(value, buffer) && buffer > 0 && buffer <= INT32_MAX / 2;
  if (!ok) ThrowInvalid(value.Env(), "buffer: expected an integer from 1 to 1073741823");
  return ok;
}

void ConcludeNews(Napi::Env env, const Promise& promise, News& news) {
  if (news.refusal) {
    promise.Reject(ErrorOf(env, *news.refusal).Value());
  } else if (news.ended) {
    promise.Resolve(env.Null());
  } else {
    promise.Resolve(NewsOf(env, news));
  }
}

}  // namespace

Napi::Function MonitorClass::Define(Napi::Env env) {
  return DefineClass(env, "Monitor",
                     {
                         StaticMethod<&MonitorClass::Open>("open"),
                         InstanceMethod<&MonitorClass::Next>("next"),
                         InstanceMethod<&MonitorClass::Drain>("drain"),
                         InstanceAccessor<&MonitorClass::Closed>("closed", napi_enumerable),
                         InstanceMethod<&MonitorClass::Close>("close"),
                     });
}

MonitorClass::MonitorClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) {
    ThrowInvalid(info.Env(), "Monitor: expected Monitor.open(namespace, tables, buffer), not new");
    return;
  }
  subscription_ = *info[0].As<Napi::External<std::shared_ptr<Subscription>>>().Data();
}

Napi::Value MonitorClass::Open(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  Interest interest;
  if (!place || !ReadTables(info[1], interest) || !ReadBuffer(info[2], interest.buffer)) return {};
  const auto& jobs = Environment::Of(info.Env()).jobs;
  return jobs->Submit<Opened>(
      [place = std::move(place), interest = std::move(interest), bell = jobs->bell()](const std::atomic<bool>&) {
        Opened opened;
        opened.refusal = place->Subscribe(interest, bell, opened.subscription);
        return opened;
      },
      [](Napi::Env env, const Promise& promise, Opened& opened) {
        if (opened.refusal) {
          promise.Reject(ErrorOf(env, *opened.refusal).Value());
        } else {
          const auto seed = Napi::External<std::shared_ptr<Subscription>>::New(env, &opened.subscription);
          promise.Resolve(Environment::Of(env).monitor.New({seed}));
        }
      });
}

Napi::Value MonitorClass::Next(const Napi::CallbackInfo& info) {
  double job;
  if (!CheckOpen(info.Env()) || !ReadJob(info[0], job)) return {};
  return Environment::Of(info.Env())
      .jobs->Submit<News>(
          [subscription = subscription_](const std::atomic<bool>& cancelled) {
            return cancelled ? News{.ended = true} : subscription->Read(kMost);
          },
          ConcludeNews, job, subscription_);
}

Napi::Value MonitorClass::Drain(const Napi::CallbackInfo& info) {
  if (!CheckOpen(info.Env())) return {};
  return Environment::Of(info.Env())
      .jobs->Submit<News>(
          [subscription = subscription_](const std::atomic<bool>&) { return subscription->Read(SIZE_MAX); },
          ConcludeNews);
}

Napi::Value MonitorClass::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), !subscription_);
}

void MonitorClass::Close(const Napi::CallbackInfo&) { subscription_.reset(); }

bool MonitorClass::CheckOpen(Napi::Env env) const {
  if (!subscription_) ThrowClosed(env, "this Monitor is closed");
  return subscription_ != nullptr;
}

}  // namespace cnm
