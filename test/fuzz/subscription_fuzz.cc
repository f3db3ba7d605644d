// A datagram of changes that nobody asked for.

#include "kernel/subscription.h"

#include <linux/netlink.h>

#include <cstdlib>

#include "place.h"

using namespace cnm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto subscription = [] {
    const Interest all = {.tables = {kLink, kAddress, kRoute, kNeigh, kFdb}, .buffer = 65536};
    return Subscription::Open(OpenNetlink(NETLINK_ROUTE), all, std::make_shared<Bell>());
  }();
  if (!subscription) abort();
  Script script({});
  script.Tell(Bytes(data, data + size));
  News news = subscription->Read(2);
  for (Changes& changes : news.changes) {
    const size_t rows = std::visit([](const auto& table) { return table.columns.length(); }, changes.rows);
    if (rows != changes.removed.size()) abort();
  }
  return news.ended ? 1 : 0;
}
