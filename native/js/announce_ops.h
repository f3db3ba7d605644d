#pragma once

#include "facts/announce.h"
#include "js/fields.h"

namespace cnm {

void ReadAnnounce(Fields& fields, AnnounceOp& op);

}  // namespace cnm
