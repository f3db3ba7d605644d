#pragma once

namespace cnm {

/** A constant of the kernel together with its name, so that errors can speak of it. */
struct Named {
  int value;
  const char* name;
};
#define CNM_NAMED(constant) \
  ::cnm::Named { constant, #constant }

}  // namespace cnm
