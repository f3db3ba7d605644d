#pragma once

#include <linux/netlink.h>

#include "facts/changes.h"

namespace cnm {

bool IsOfRuleset(const nlmsghdr* message);

/** Adds what the message is about to the transaction; true when the kernel has told of all of it, and who it was. */
bool TakeRulesetMessage(const nlmsghdr* message, RulesetChange& transaction);

}  // namespace cnm
