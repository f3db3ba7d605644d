#include "kernel/qdisc_rows.h"

#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>

#include "kernel/attributes.h"

namespace cnm {

namespace {

QdiscRow RowOf(const nlmsghdr* reply) {
  const auto* header = static_cast<const tcmsg*>(nlmsg_data(reply));
  const Attributes attributes(reply, sizeof *header);
  const Attributes statistics = attributes.Inside(TCA_STATS2);
  const auto basic = statistics.Struct<gnet_stats_basic>(TCA_STATS_BASIC);
  const auto queue = statistics.Struct<gnet_stats_queue>(TCA_STATS_QUEUE);
  QdiscRow row;
  row.link = header->tcm_ifindex;
  row.handle = header->tcm_handle;
  row.parent = header->tcm_parent;
  row.kind = attributes.Text(TCA_KIND);
  row.bytes = basic.bytes;
  row.packets = basic.packets;
  row.drops = queue.drops;
  row.backlog = queue.backlog;
  return row;
}

}  // namespace

Table<QdiscRow> DumpQdiscs(Place& place, const Filter&) {
  Table<QdiscRow> table;
  Message message(CNM_NAMED(RTM_GETQDISC), NLM_F_DUMP, tcmsg{});
  const auto on_reply = [&](const nlmsghdr* reply) {
    if (nlmsg_datalen(reply) >= static_cast<int>(sizeof(tcmsg))) table.columns.Add(RowOf(reply));
  };
  table.refusal = place.Dump(message, on_reply, [&] { table.columns = {}; });
  if (table.refusal) table.columns = {};
  return table;
}

}  // namespace cnm
