#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "facts/outcome.h"
#include "facts/qdiscs.h"
#include "kernel/place.h"

namespace cnm {

/** 'root', 'ingress', 'egress', '1:' or '1:10', as tc(8) writes them in hexadecimal. */
std::optional<uint32_t> ParseHandle(std::string_view text);

/** A kind of qdiscs, as TCA_KIND names it. */
struct QdiscKind {
  const char* name;
  /** Where it hangs when it is where filters see packets, instead of queueing them; 0 for the others. */
  uint32_t hook = 0;
};

std::span<const QdiscKind> QdiscKinds();

/** Null when we have no such kind. */
const QdiscKind* FindQdiscKind(std::string_view name);

Refused ApplyQdisc(Place& place, const QdiscOp& op);

}  // namespace cnm
