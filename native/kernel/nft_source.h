#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "kernel/nft_data.h"

namespace cnm {

/** Something that a register can be loaded with. */
struct NftSource {
  enum class Kind : uint8_t { kMeta, kConnection, kPayload, kRoute };

  Kind kind;
  /** Its name, or that of the field of a protocol. */
  const char* name;
  const NftType* type;
  /** What it is called by the kernel; of a payload, which header it is in. */
  uint32_t key;
  const char* protocol = "";
  uint32_t offset = 0;
  /** Only packets of this family have it; 0: all. */
  uint8_t family = 0;
};

/** One of them, or those of its bits that are in a mask. */
struct NftPart {
  const NftSource* source;
  std::optional<NftData> mask;
};

using NftSources = std::vector<NftPart>;

/** What a set is asked for, and which one. */
struct NftLookup {
  NftSources key;
  std::string set;
};

// Expressions of libnftables' JSON. Nothing for those that we have no words for.

/** {"meta": {"key": ...}} and the like, {"&": [such a one, mask]}, or several of them: {"concat": [...]}. */
NftSources SourcesOf(const Json& expression);
/** '@name' */
std::optional<std::string> SetNamedIn(const Json& expression);
/** {"key": ..., "data": "@map"} */
std::optional<NftLookup> LookupOf(const Json& expression);

/** The family of a packet. */
extern const NftSource kNftFamily;

}  // namespace cnm
