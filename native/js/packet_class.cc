#include "js/packet_class.h"

#include <cstdint>
#include <string>
#include <vector>

#include "js/arrays.h"
#include "js/environment.h"
#include "js/errors.h"
#include "js/fields.h"
#include "js/functions.h"
#include "js/netns_class.h"
#include "kernel/link.h"

namespace cnm {

namespace {

using Promise = Napi::Promise::Deferred;

/** JS gets a turn of its own after so many frames. */
constexpr size_t kMostPackets = 256;

struct OpenedSocket {
  std::shared_ptr<PacketSocket> socket;
  Refused refusal;
};

bool ReadWord(const Napi::Value& value, Ear& ear) {
  std::string word;
  uint32_t port = 0;
  if (!Read(value, word)) {
    if (word == "arp") ear.arp = true;
    if (word == "ndp") ear.ndp = true;
    return word == "arp" || word == "ndp";
  }
  const bool ok = !ear.port && !Read(value, port) && port > 0 && port <= UINT16_MAX;
  if (ok) ear.port = static_cast<uint16_t>(port);
  return ok;
}

bool ReadHeard(const Napi::Value& value, Ear& ear) {
  if (!value.IsArray()) return false;
  const auto words = value.As<Napi::Array>();
  for (uint32_t i = 0; i < words.Length(); i++) {
    if (!ReadWord(words.Get(i), ear)) return false;
  }
  return words.Length() > 0;
}

/** False has thrown. */
bool ReadEar(const Napi::Value& link, const Napi::Value& heard, Ear& ear) {
  const char* expected = Read(link, ear.link);
  if (expected || IsNoLink(ear.link)) {
    ThrowInvalid(link.Env(), "link: expected a link's name or ifindex");
    return false;
  }
  const bool ok = ReadHeard(heard, ear);
  if (!ok) ThrowInvalid(link.Env(), "heard: expected a list of 'arp', 'ndp', and a port of UDP");
  return ok;
}

/** Bytes of its own for each frame. */
Napi::Array FramesOf(Napi::Env env, const Frames& heard) {
  Napi::Array array = Napi::Array::New(env, heard.frames.size());
  for (uint32_t i = 0; i < heard.frames.size(); i++) array.Set(i, ArrayOf<uint8_t>(env, heard.frames[i]));
  return array;
}

void Settle(Napi::Env env, const Promise& promise, const Refused& refusal) {
  if (refusal) {
    promise.Reject(ErrorOf(env, *refusal).Value());
  } else {
    promise.Resolve(env.Undefined());
  }
}

}  // namespace

Napi::Function PacketClass::Define(Napi::Env env) {
  return DefineClass(env, "PacketSocket",
                     {
                         StaticMethod<&PacketClass::Open>("open"),
                         InstanceMethod<&PacketClass::Next>("next"),
                         InstanceMethod<&PacketClass::Send>("send"),
                         InstanceAccessor<&PacketClass::Closed>("closed", napi_enumerable),
                         InstanceMethod<&PacketClass::Close>("close"),
                     });
}

PacketClass::PacketClass(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) {
    ThrowInvalid(info.Env(), "PacketSocket: expected PacketSocket.open(namespace, link, heard), not new");
    return;
  }
  socket_ = *info[0].As<Napi::External<std::shared_ptr<PacketSocket>>>().Data();
}

Napi::Value PacketClass::Open(const Napi::CallbackInfo& info) {
  auto place = NetnsClass::PlaceOf(info[0], "namespace");
  Ear ear;
  if (!place || !ReadEar(info[1], info[2], ear)) return {};
  const auto& jobs = Environment::Of(info.Env()).jobs;
  return jobs->Submit<OpenedSocket>(
      [place = std::move(place), ear = std::move(ear), bell = jobs->bell()](const std::atomic<bool>&) {
        OpenedSocket opened;
        int32_t link = 0;
        opened.refusal = ResolveLink(*place, ear.link, "", link);
        if (!opened.refusal) opened.refusal = place->Listen(link, ear, bell, opened.socket);
        return opened;
      },
      [](Napi::Env env, const Promise& promise, OpenedSocket& opened) {
        if (opened.refusal) {
          promise.Reject(ErrorOf(env, *opened.refusal).Value());
        } else {
          const auto seed = Napi::External<std::shared_ptr<PacketSocket>>::New(env, &opened.socket);
          promise.Resolve(Environment::Of(env).packet.New({seed}));
        }
      });
}

Napi::Value PacketClass::Next(const Napi::CallbackInfo& info) {
  double job;
  if (!CheckOpen(info.Env()) || !ReadJob(info[0], job)) return {};
  return Environment::Of(info.Env())
      .jobs->Submit<Frames>(
          [socket = socket_](const std::atomic<bool>& cancelled) {
            return cancelled ? Frames{.ended = true} : socket->Read(kMostPackets);
          },
          [](Napi::Env env, const Promise& promise, Frames& heard) {
            if (heard.refusal) {
              promise.Reject(ErrorOf(env, *heard.refusal).Value());
            } else {
              promise.Resolve(heard.ended ? env.Null() : Napi::Value(FramesOf(env, heard)));
            }
          },
          job, socket_);
}

Napi::Value PacketClass::Send(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> frame;
  if (!CheckOpen(info.Env())) return {};
  if (const char* expected = Read(info[0], frame)) {
    ThrowInvalid(info.Env(), std::string("frame: expected ") + expected);
    return {};
  }
  return Environment::Of(info.Env())
      .jobs->Submit<Refused>(
          [socket = socket_, frame = std::move(frame)](const std::atomic<bool>&) { return socket->Send(frame); },
          Settle);
}

Napi::Value PacketClass::Closed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !socket_); }

void PacketClass::Close(const Napi::CallbackInfo&) { socket_.reset(); }

bool PacketClass::CheckOpen(Napi::Env env) const {
  if (!socket_) ThrowClosed(env, "this PacketSocket is closed");
  return socket_ != nullptr;
}

}  // namespace cnm
