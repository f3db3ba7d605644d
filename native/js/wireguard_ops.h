#pragma once

#include "facts/wireguard.h"
#include "js/fields.h"

namespace cnm {

void ReadWireguardSync(Fields& fields, WireguardSync& sync);

}  // namespace cnm
