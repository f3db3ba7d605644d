#pragma once

#include <cstdlib>

#include "kernel/conntrack.h"
#include "kernel/link_stats.h"
#include "kernel/nexthop.h"
#include "kernel/qdisc_rows.h"
#include "kernel/tables.h"
#include "kernel/vlan.h"
#include "kernel/vni.h"
#include "kernel/xfrm_flush.h"
#include "kernel/xfrm_policy.h"
#include "kernel/xfrm_state.h"

namespace cnm {

template <typename Row, Table<Row> (*dump)(Place&, const Filter&)>
void Read(Place& place) {
  auto table = dump(place, {});
  if (table.refusal && table.columns.length() > 0) abort();
}

inline void DeleteConnections(Place& place) {
  uint32_t count = 0;
  DeleteConntrack(place, ConntrackDel{.family = 4}, count);
}

inline void FlushStates(Place& place) {
  uint32_t count = 0;
  FlushXfrmStates(place, {.proto = 50}, count);
}

/** Whatever reads a table. */
struct Reader {
  const char* name;
  void (*read)(Place& place);
};

constexpr Reader kReaders[] = {{"links", Read<LinkRow, DumpLinks>},
                               {"addresses", Read<AddressRow, DumpAddresses>},
                               {"routes", Read<RouteRow, DumpRoutes>},
                               {"neighbours", Read<NeighRow, DumpNeighbours>},
                               {"forwarding", Read<FdbRow, DumpForwarding>},
                               {"nexthops", Read<NexthopRow, DumpNexthops>},
                               {"conntrack", Read<ConntrackRow, DumpConntrack>},
                               {"link-stats", Read<LinkStatsRow, DumpLinkStats>},
                               {"qdiscs", Read<QdiscRow, DumpQdiscs>},
                               {"xfrm-policies", Read<XfrmPolicyRow, DumpXfrmPolicies>},
                               {"xfrm-states", Read<XfrmStateRow, DumpXfrmStates>},
                               {"vnis", Read<VniRow, DumpVnis>},
                               {"conntrack-delete", DeleteConnections},
                               {"xfrm-states-flush", FlushStates},
                               {"vlans", Read<VlanRow, DumpVlans>}};

}  // namespace cnm
