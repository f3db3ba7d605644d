#pragma once

#include <linux/netlink.h>

namespace cnm {

/** A constant of the kernel together with its name, so that errors can speak of it. */
struct Named {
  int value;
  const char* name;
};
#define CNM_NAMED(constant) \
  ::cnm::Named { constant, #constant }

/** An attribute of which the kernel wants to see that there is more inside. */
constexpr Named Nested(Named attribute) { return {.value = NLA_F_NESTED | attribute.value, .name = attribute.name}; }

}  // namespace cnm
