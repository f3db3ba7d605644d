#pragma once

#include <linux/netlink.h>

#include "facts/words.h"

namespace cnm {

/** The NLM_F_* with which a row is asked for. */
constexpr int FlagsOf(Verb verb) {
  switch (verb) {
    case Verb::kAdd:
      return NLM_F_CREATE | NLM_F_EXCL;
    case Verb::kReplace:
      return NLM_F_CREATE | NLM_F_REPLACE;
    case Verb::kAppend:
      return NLM_F_CREATE | NLM_F_APPEND;
    case Verb::kDel:
      return 0;
  }
  return 0;
}

}  // namespace cnm
