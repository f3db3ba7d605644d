#pragma once

#include <napi.h>

#include "facts/changes.h"
#include "facts/conntrack.h"
#include "facts/link_stats.h"
#include "facts/nexthop.h"
#include "facts/outcome.h"
#include "facts/qdiscs.h"
#include "facts/tables.h"
#include "facts/vlan.h"
#include "facts/vni.h"
#include "facts/xfrm_policy.h"
#include "facts/xfrm_state.h"

namespace cnm {

// Facts of the kernel as JS values: tables cross as columns, which is many times cheaper than an object for each row.

Napi::Object OutcomeOf(Napi::Env env, const Outcome& outcome);
/** Takes the columns' memory over. */
Napi::Object TableOf(Napi::Env env, Table<LinkRow>& table);
Napi::Object TableOf(Napi::Env env, Table<AddressRow>& table);
Napi::Object TableOf(Napi::Env env, Table<RouteRow>& table);
Napi::Object TableOf(Napi::Env env, Table<NeighRow>& table);
Napi::Object TableOf(Napi::Env env, Table<FdbRow>& table);
Napi::Object TableOf(Napi::Env env, Table<NexthopRow>& table);
Napi::Object TableOf(Napi::Env env, Table<ConntrackRow>& table);
Napi::Object TableOf(Napi::Env env, Table<LinkStatsRow>& table);
Napi::Object TableOf(Napi::Env env, Table<QdiscRow>& table);
Napi::Object TableOf(Napi::Env env, Table<XfrmPolicyRow>& table);
Napi::Object TableOf(Napi::Env env, Table<XfrmStateRow>& table);
Napi::Object TableOf(Napi::Env env, Table<VniRow>& table);
Napi::Object TableOf(Napi::Env env, Table<VlanRow>& table);
Napi::Object NewsOf(Napi::Env env, News& news);

}  // namespace cnm
