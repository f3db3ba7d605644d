#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "facts/outcome.h"
#include "facts/tables.h"

namespace cnm {

using AnyTable = std::variant<Table<LinkRow>, Table<AddressRow>, Table<RouteRow>, Table<NeighRow>, Table<FdbRow>>;

/** The alternatives of AnyTable. */
enum TableIndex : size_t { kLink, kAddress, kRoute, kNeigh, kFdb };

/** In the same order. */
constexpr std::array<std::string_view, std::variant_size_v<AnyTable>> kTableNames = {"link", "address", "route",
                                                                                     "neigh", "fdb"};

/** Consecutive changes of one table. */
struct Changes {
  AnyTable rows;
  /** 1 where the row is gone. */
  std::vector<uint8_t> removed;
};

/** A transaction of nftables. */
struct RulesetChange {
  /** Of the thread that did it, as the first PID namespace counts. */
  uint32_t pid = 0;
  std::string process{};
  /** By this process. */
  bool own = false;
  /** Tables, and chains whose rules or sets whose elements it was about, each once: 'inet cnm', 'inet cnm forward'. */
  std::set<std::string> touched{};
};

struct News {
  std::vector<Changes> changes{};
  std::vector<RulesetChange> transactions{};
  bool overrun = false;
  bool routes_in_doubt = false;
  /** The subscription has ended: nothing more will come. */
  bool ended = false;
  Refused refusal{};
};

}  // namespace cnm
