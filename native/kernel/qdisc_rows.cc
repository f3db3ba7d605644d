#include "kernel/qdisc_rows.h"

#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>

#include "kernel/attributes.h"
#include "kernel/read_table.h"

namespace cnm {

namespace {

QdiscRow RowOf(const tcmsg& header, const Attributes& attributes) {
  const Attributes statistics = attributes.Inside(TCA_STATS2);
  const auto basic = statistics.Struct<gnet_stats_basic>(TCA_STATS_BASIC);
  const auto queue = statistics.Struct<gnet_stats_queue>(TCA_STATS_QUEUE);
  QdiscRow row;
  row.link = header.tcm_ifindex;
  row.handle = header.tcm_handle;
  row.parent = header.tcm_parent;
  row.kind = attributes.Text(TCA_KIND);
  row.bytes = basic.bytes;
  row.packets = basic.packets;
  row.drops = queue.drops;
  row.backlog = queue.backlog;
  return row;
}

}  // namespace

Table<QdiscRow> DumpQdiscs(Place& place, const Filter&) {
  Message message(CNM_NAMED(RTM_GETQDISC), NLM_F_DUMP, tcmsg{});
  return ReadTable<QdiscRow>(place, &Place::Dump, message, [](const nlmsghdr* reply, Columns<QdiscRow>& columns) {
    if (const auto header = HeaderIn<tcmsg>(reply)) columns.Add(RowOf(*header, Attributes(reply, sizeof *header)));
  });
}

}  // namespace cnm
