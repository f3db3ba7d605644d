#include "kernel/link_stats.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "kernel/attributes.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

LinkStatsRow RowOf(const if_stats_msg& header, const Attributes& attributes) {
  const auto counted = attributes.Struct<rtnl_link_stats64>(IFLA_STATS_LINK_64);
  LinkStatsRow row;
  row.link = static_cast<int32_t>(header.ifindex);
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
  if_stats_msg wanted{};
  wanted.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  Message message(CNM_NAMED(RTM_GETSTATS), NLM_F_DUMP, wanted);
  return ReadTable<LinkStatsRow>(place, &Place::Dump, message,
                                 [](const nlmsghdr* reply, Columns<LinkStatsRow>& columns) {
                                   const auto header = HeaderIn<if_stats_msg>(reply);
                                   if (header) columns.Add(RowOf(*header, Attributes(reply, sizeof *header)));
                                 });
}

}  // namespace cnm
