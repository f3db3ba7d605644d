#include "kernel/link_stats.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "kernel/attributes.h"

namespace cnm {

namespace {

LinkStatsRow RowOf(const nlmsghdr* reply) {
  const auto* header = static_cast<const if_stats_msg*>(nlmsg_data(reply));
  const auto counted = Attributes(reply, sizeof *header).Struct<rtnl_link_stats64>(IFLA_STATS_LINK_64);
  LinkStatsRow row;
  row.link = static_cast<int32_t>(header->ifindex);
  row.rx_bytes = counted.rx_bytes;
  row.tx_bytes = counted.tx_bytes;
  row.rx_packets = counted.rx_packets;
  row.tx_packets = counted.tx_packets;
  row.rx_errors = counted.rx_errors;
  row.tx_errors = counted.tx_errors;
  row.rx_dropped = counted.rx_dropped;
  row.tx_dropped = counted.tx_dropped;
  return row;
}

}  // namespace

Table<LinkStatsRow> DumpLinkStats(Place& place, const Filter&) {
  Table<LinkStatsRow> table;
  if_stats_msg header{};
  header.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  Message message(CNM_NAMED(RTM_GETSTATS), NLM_F_DUMP, header);
  const auto on_reply = [&](const nlmsghdr* reply) {
    if (nlmsg_datalen(reply) >= static_cast<int>(sizeof header)) table.columns.Add(RowOf(reply));
  };
  table.refusal = place.Dump(message, on_reply, [&] { table.columns = {}; });
  if (table.refusal) table.columns = {};
  return table;
}

}  // namespace cnm
