#include "js/netns_class.h"

#include "js/environment.h"
#include "js/errors.h"
#include "js/fields.h"
#include "kernel/netns.h"

namespace cnm {

namespace {

constexpr napi_type_tag kTag = {0x7c1f5a0e9d4b4c6aULL, 0x8e23b1d0f6a9573cULL};

/** What the two factories give to the constructor. */
struct Seed {
  std::string path;
  std::shared_ptr<Place> place;
  bool open;
};

Napi::Value Construct(Napi::Env env, Seed seed) {
  return Environment::Of(env).netns.New({Napi::External<Seed>::New(env, &seed)});
}

}  // namespace

Napi::Function NetnsClass::Define(Napi::Env env) {
  return DefineClass(env, "Netns",
                     {
                         StaticMethod<&NetnsClass::Current>("current"),
                         StaticMethod<&NetnsClass::At>("at"),
                         InstanceAccessor<&NetnsClass::Path>("path", napi_enumerable),
                         InstanceAccessor<&NetnsClass::Closed>("closed", napi_enumerable),
                         InstanceMethod<&NetnsClass::Close>("close"),
                     });
}

NetnsClass::NetnsClass(const Napi::CallbackInfo& info) : ObjectWrap(info), jobs_(Environment::Of(info.Env()).jobs) {
  if (!info[0].IsExternal()) {
    ThrowInvalid(info.Env(), "Netns: expected Netns.at(path) or Netns.current(), not new");
    return;
  }
  const Seed& seed = *info[0].As<Napi::External<Seed>>().Data();
  path_ = seed.path;
  place_ = seed.place;
  used_ = seed.open;
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

NetnsClass::~NetnsClass() { Part(true); }

std::shared_ptr<Place> NetnsClass::PlaceOf(const Napi::Value& value, const std::string& where) {
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
  netns->used_ = true;
  return netns->place_;
}

Napi::Value NetnsClass::Current(const Napi::CallbackInfo& info) {
  Fd netns;
  if (const int error = OpenOwnNetns(netns)) {
    ErrorOf(info.Env(), Refusal{.error = error}).ThrowAsJavaScriptException();
    return {};
  }
  return Construct(info.Env(), {.path = "", .place = std::make_shared<Place>(std::move(netns)), .open = true});
}

Napi::Value NetnsClass::At(const Napi::CallbackInfo& info) {
  std::string path;
  if (const char* expected = Read(info[0], path)) {
    ThrowInvalid(info.Env(), std::string("path: expected ") + expected);
    return {};
  }
  return Construct(info.Env(), {.path = path, .place = std::make_shared<Place>(path), .open = false});
}

Napi::Value NetnsClass::Path(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), path_); }

Napi::Value NetnsClass::Closed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !place_); }

void NetnsClass::Close(const Napi::CallbackInfo&) { Part(false); }

void NetnsClass::Part(bool collected) {
  if (place_ && used_) jobs_->Close(std::move(place_), path_, collected);
  place_.reset();
}

}  // namespace cnm
