#pragma once

#include <napi.h>

#include <vector>

#include "facts/op.h"
#include "kernel/place.h"

namespace cnm {

/** Copies JS ops; false when something was wrong, which has then been thrown. */
bool ReadOps(const Napi::Value& value, const std::vector<std::shared_ptr<Place>>& places, std::vector<Op>& ops);

/** True for a path below net/ that stays there; false has thrown. */
bool CheckSysctlPath(Napi::Env env, const std::string& path);

/** The JSON text that libnftables runs, {"nftables": commands}; false has thrown. */
bool NftDocument(const Napi::Value& commands, std::string& json);

}  // namespace cnm
