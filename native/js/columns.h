#pragma once

#include <napi.h>

#include "facts/conntrack.h"
#include "facts/outcome.h"
#include "facts/tables.h"

namespace cnm {

// Facts of the kernel as JS values: tables cross as columns, which is many times cheaper than an object for each row.

Napi::Object OutcomeOf(Napi::Env env, const Outcome& outcome);
Napi::Object TableOf(Napi::Env env, const Table<LinkRow>& table);
Napi::Object TableOf(Napi::Env env, const Table<AddressRow>& table);
Napi::Object TableOf(Napi::Env env, const Table<RouteRow>& table);
Napi::Object TableOf(Napi::Env env, const Table<NeighRow>& table);
Napi::Object TableOf(Napi::Env env, const Table<FdbRow>& table);
Napi::Object TableOf(Napi::Env env, const Table<ConntrackRow>& table);

}  // namespace cnm
