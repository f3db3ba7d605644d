#pragma once

#include "facts.h"
#include "kernel/place.h"

namespace cnm {

// Tables of the kernel as rows; without rows when there is a refusal.

Table<LinkRow> DumpLinks(Place& place);
Table<AddressRow> DumpAddresses(Place& place);
/** IPv4 and IPv6 unicast tables, the local ones too. */
Table<RouteRow> DumpRoutes(Place& place);

}  // namespace cnm
