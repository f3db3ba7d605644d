#pragma once

#include <cstdint>
#include <span>

#include "facts/links.h"
#include "facts/outcome.h"
#include "kernel/message.h"
#include "kernel/named.h"
#include "kernel/place.h"

namespace cnm {

/** How the kernel has a number; a flag is there or not. */
enum class Wire : uint8_t { kU8, kU16, kU32, kBe16, kBe32, kFlag };

/** What an option takes, and so which of Setting's values it has. */
enum class Takes : uint8_t {
  kBoolean,
  kNumber,
  kWord,
  kAddress,
  kLink,
  kPortRange,
  kMacs,
  kNumberOrInherit,
  kFlags,
  kMappings
};

struct Word {
  const char* name;
  uint32_t value;
};

/** One option of a kind of links: its name in binding.d.ts, what it takes, and the attribute that it becomes. */
struct Option {
  const char* name;
  Takes takes;
  Named attribute;
  Wire wire = Wire::kU32;
  /** Of a value's other form: of IPv6, where addresses have an attribute for each family, or of 'inherit'. */
  Named other{};
  /** The words that it takes, with their numbers; of flags their names, with their bits. */
  std::span<const Word> words{};
};

/** Puts what is set into the nest that is open; a link that an option names is looked up in `place`. */
Refused PutSettings(Place& place, Message& message, const Settings& settings);

}  // namespace cnm
