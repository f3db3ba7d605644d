#pragma once

#include <linux/netlink.h>

#include "facts/outcome.h"
#include "kernel/message.h"

namespace cnm {

/** The refusal in an NLMSG_ERROR, or nothing in an acknowledgement, with the kernel's own words and attribute. */
Refused RefusalInError(const nlmsghdr* reply, const Message& request);

/** The same for the NLMSG_DONE that ends a dump: a refused dump looks like an empty one to libnl. */
Refused RefusalInDone(const nlmsghdr* reply, const Message& request);

}  // namespace cnm
