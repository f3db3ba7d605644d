#pragma once

#include "facts/tables.h"
#include "kernel/place.h"

namespace cnm {

// Tables of the kernel as rows; without rows when there is a refusal.

Table<LinkRow> DumpLinks(Place& place);
Table<AddressRow> DumpAddresses(Place& place);
/** IPv4 and IPv6 unicast tables, the local ones too. */
Table<RouteRow> DumpRoutes(Place& place);
/** IPv4 and IPv6. */
Table<NeighRow> DumpNeighbours(Place& place);
/** Of bridges and of vxlans. */
Table<FdbRow> DumpForwarding(Place& place);

}  // namespace cnm
