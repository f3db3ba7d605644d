#pragma once

#include "facts/tables.h"
#include "kernel/message.h"
#include "kernel/place.h"

namespace cnm {

// Tables of the kernel as columns; empty when there is a refusal. The kernel itself leaves out what the filter does.

/** By master. */
Table<LinkRow> DumpLinks(Place& place, const Filter& filter);
/** By link and family. */
Table<AddressRow> DumpAddresses(Place& place, const Filter& filter);
/** IPv4 and IPv6 unicast tables, the local ones too. By link, family, table and type. */
Table<RouteRow> DumpRoutes(Place& place, const Filter& filter);
/** IPv4 and IPv6. By link, master, family and proxy. */
Table<NeighRow> DumpNeighbours(Place& place, const Filter& filter);
/** Of bridges and of vxlans. By link and master. */
Table<FdbRow> DumpForwarding(Place& place, const Filter& filter);

// A message of rtnetlink as a row; nothing is added when it is of a family that we have no use for.

void Decode(const nlmsghdr* message, Columns<LinkRow>& columns);
void Decode(const nlmsghdr* message, Columns<AddressRow>& columns);
void Decode(const nlmsghdr* message, Columns<RouteRow>& columns);
void Decode(const nlmsghdr* message, Columns<NeighRow>& columns);
void Decode(const nlmsghdr* message, Columns<FdbRow>& columns);

/** A filter with the ifindexes of its links; 0 stands for any. */
struct Wanted {
  int32_t link = 0;
  int32_t master = 0;
  /** AF_*. */
  uint8_t family = 0;
  uint32_t table = 0;
  /** RTN_*. */
  uint8_t type = 0;
  bool proxy = false;
};

// What asks for a table.

Message LinksRequest(const Wanted& wanted);
Message AddressesRequest(const Wanted& wanted);
Message RoutesRequest(const Wanted& wanted);
Message NeighboursRequest(const Wanted& wanted);
Message ForwardingRequest(const Wanted& wanted);

}  // namespace cnm
