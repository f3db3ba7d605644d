#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "facts/columns.h"
#include "facts/words.h"

namespace cnm {

// Rates in bytes per second, sizes in bytes, times in microseconds, probabilities from 0 (never) to 2^32 - 1 (always).

struct TbfOptions {
  uint64_t rate = 0;
  uint32_t burst = 0;
  std::optional<uint32_t> limit;
  std::optional<uint32_t> latency;
  std::optional<uint64_t> peak_rate;
  std::optional<uint32_t> mtu;
};

struct HtbOptions {
  std::optional<uint32_t> default_class;
  std::optional<uint32_t> r2q;
  std::optional<uint32_t> direct_qlen;
};

struct NetemOptions {
  /** With its correlation to what became of the packet before. */
  struct Chance {
    uint32_t probability = 0;
    uint32_t correlation = 0;
  };

  std::optional<uint32_t> limit;
  std::optional<uint32_t> delay;
  std::optional<uint32_t> jitter;
  uint32_t delay_correlation = 0;
  Chance loss;
  Chance duplicate;
  Chance corrupt;
  Chance reorder;
  std::optional<uint32_t> gap;
  std::optional<uint64_t> rate;
};

struct QdiscOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  std::string kind;
  /** TC_H_*, as all numbers of qdiscs and classes. */
  uint32_t parent = 0;
  uint32_t handle = 0;
  std::variant<std::monostate, TbfOptions, HtbOptions, NetemOptions> options;
};

/** A class of an htb qdisc. */
struct TcClassOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  uint32_t parent = 0;
  uint32_t id = 0;
  uint64_t rate = 0;
  std::optional<uint64_t> ceil;
  std::optional<uint32_t> burst;
  std::optional<uint32_t> cburst;
  std::optional<uint32_t> quantum;
  std::optional<uint32_t> prio;
};

struct TcFilterOp {
  Verb verb = Verb::kAdd;
  LinkRef link;
  std::string kind;
  uint32_t parent = 0;
  uint32_t priority = 0;
  std::optional<uint32_t> class_id;
  std::optional<LinkRef> redirect;
};

struct QdiscRow {
  int32_t link = 0;
  uint32_t handle = 0;
  uint32_t parent = 0;
  std::string kind;
  uint64_t bytes = 0;
  uint32_t packets = 0;
  uint32_t drops = 0;
  uint32_t backlog = 0;

  static constexpr auto kFields = std::tuple(Field{"link", &QdiscRow::link}, Field{"handle", &QdiscRow::handle},
                                             Field{"parent", &QdiscRow::parent}, Field{"kinds", &QdiscRow::kind},
                                             Field{"bytes", &QdiscRow::bytes}, Field{"packets", &QdiscRow::packets},
                                             Field{"drops", &QdiscRow::drops}, Field{"backlog", &QdiscRow::backlog});
};

}  // namespace cnm
