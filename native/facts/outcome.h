#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cnm {

struct RefusedRow {
  uint32_t row = 0;
  /** Negative errno. */
  int error = 0;
};

struct Refusal {
  /** Negative errno. */
  int error = 0;
  std::string message{};
  std::string attribute{};
  std::string request{};
  size_t op = 0;
  /** Of an op with several commands: which one. */
  std::optional<size_t> command{};
  /** Of an op with many rows: those that were refused. */
  std::vector<RefusedRow> rows{};
  /** Of an op with many rows: how many had not been tried when it was cancelled. */
  size_t untried = 0;
};

/** Empty: it was done. */
using Refused = std::optional<Refusal>;

struct Outcome {
  size_t done = 0;
  std::vector<int32_t> ifindex;
  std::vector<uint32_t> count;
  Refused refusal;
};

}  // namespace cnm
