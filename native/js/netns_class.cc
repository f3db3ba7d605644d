#include "js/netns_class.h"

#include "js/environment.h"
#include "js/errors.h"
#include "js/fields.h"
#include "kernel/netns.h"

namespace cnm {

namespace {

constexpr napi_type_tag kTag = {0x7c1f5a0e9d4b4c6aULL, 0x8e23b1d0f6a9573cULL};

/** What the factories give to the constructor. */
struct Seed {
  std::string path;
  std::shared_ptr<Place> place;
  bool open;
  bool behind = false;
};

Napi::Value Construct(Napi::Env env, Seed seed) {
  return Environment::Of(env).netns.New({Napi::External<Seed>::New(env, &seed)});
}

Napi::Value OfOwn(Napi::Env env, bool behind) {
  Fd netns;
  if (const int error = OpenOwnNetns(netns)) {
    ErrorOf(env, Refusal{.error = error}).ThrowAsJavaScriptException();
    return {};
  }
  return Construct(env,
                   {.path = "", .place = std::make_shared<Place>(std::move(netns)), .open = true, .behind = behind});
}

/** False has thrown. */
bool ReadPath(const Napi::Value& value, std::string& path) {
  const char* expected = Read(value, path);
  if (expected) ThrowInvalid(value.Env(), std::string("path: expected ") + expected);
  return !expected;
}

}  // namespace

Napi::Function NetnsClass::Define(Napi::Env env) {
  return DefineClass(env, "Netns",
                     {
                         StaticMethod<&NetnsClass::Current>("current"),
                         StaticMethod<&NetnsClass::At>("at"),
                         StaticMethod<&NetnsClass::Behind>("behind"),
                         InstanceAccessor<&NetnsClass::Path>("path", napi_enumerable),
                         InstanceAccessor<&NetnsClass::Closed>("closed", napi_enumerable),
                         InstanceMethod<&NetnsClass::Close>("close"),
                         InstanceMethod<&NetnsClass::Close>(Napi::Symbol::WellKnown(env, "dispose")),
                     });
}

NetnsClass::NetnsClass(const Napi::CallbackInfo& info) : ObjectWrap(info), jobs_(Environment::Of(info.Env()).jobs) {
  if (!info[0].IsExternal()) {
    ThrowInvalid(info.Env(), "Netns: expected Netns.at(path) or Netns.current(), not new");
    return;
  }
  const Seed& seed = *info[0].As<Napi::External<Seed>>().Data();
  path_ = seed.path;
  behind_ = seed.behind;
  place_ = seed.place;
  used_ = seed.open;
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

NetnsClass::~NetnsClass() { Part(true); }

std::shared_ptr<Place> NetnsClass::PlaceOf(const Napi::Value& value, const std::string& where, bool* behind) {
  const Napi::Env env = value.Env();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    ThrowInvalid(env, where + ": expected a Netns");
    return nullptr;
  }
  NetnsClass* netns = Unwrap(value.As<Napi::Object>());
  if (!netns) return nullptr;
  if (!netns->place_) {
    ThrowClosed(env, where + ": this Netns is closed");
    return nullptr;
  }
  if (netns->behind_ && !behind) {
    ThrowInvalid(env, where + ": expected a Netns that is not behind");
    return nullptr;
  }
  if (behind) *behind = netns->behind_;
  netns->used_ = true;
  return netns->place_;
}

Napi::Value NetnsClass::Current(const Napi::CallbackInfo& info) { return OfOwn(info.Env(), false); }

Napi::Value NetnsClass::At(const Napi::CallbackInfo& info) {
  std::string path;
  if (!ReadPath(info[0], path)) return {};
  return Construct(info.Env(), {.path = path, .place = std::make_shared<Place>(path), .open = false});
}

Napi::Value NetnsClass::Behind(const Napi::CallbackInfo& info) {
  std::string path;
  if (!ReadPath(info[0], path)) return {};
  if (path.empty()) return OfOwn(info.Env(), true);
  return Construct(info.Env(), {.path = path, .place = std::make_shared<Place>(path), .open = false, .behind = true});
}

Napi::Value NetnsClass::Path(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), path_); }

Napi::Value NetnsClass::Closed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !place_); }

void NetnsClass::Close(const Napi::CallbackInfo&) { Part(false); }

void NetnsClass::Part(bool collected) {
  if (place_ && used_) jobs_->Close(std::move(place_), path_, collected, behind_);
  place_.reset();
}

}  // namespace cnm
