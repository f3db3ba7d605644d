#pragma once

#include "kernel/json.h"
#include "kernel/message.h"

namespace cnm {

/** Puts what a rule of an inet table says; false when a statement has words that are not among ours. */
bool PutNftRule(const Json& statements, Message& message);

}  // namespace cnm
