#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "facts/op.h"
#include "facts/outcome.h"
#include "kernel/place.h"

namespace cnm {

struct Program {
  std::vector<std::shared_ptr<Place>> places;
  /** Every `at` is an index of `places`. */
  std::vector<Op> ops;
};

/**
 * Carries out the ops in order; stops at the first refusal, or, once `cancelled` is set, before the next op or the next
 * batch of an op with many rows.
 */
Outcome CarryOut(const Program& program, const std::atomic<bool>& cancelled);

}  // namespace cnm
