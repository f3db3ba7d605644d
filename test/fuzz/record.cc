// fuzz-record FOLDER: writes the seeds, what the kernel of this machine says in a namespace that has a bit of
// everything. scripts/fuzz.sh record.

#include <netlink/msg.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/netns.h"
#include "kernel/program.h"
#include "kernel/subscription.h"
#include "readers.h"

using namespace cnm;

namespace {

constexpr char kFurniture[] = R"(set -e
ip link set lo up
ip link add br0 type bridge
ip link add v0 type veth peer name v1
ip link set v0 master br0 up
ip link set v1 up
ip link set br0 up
ip addr add 10.0.0.1/24 dev br0
ip addr add fd00::1/64 dev br0 nodad
ip nexthop add id 1 via 10.0.0.2 dev br0
ip nexthop add id 2 group 1
ip route add 10.9.0.0/16 via 10.0.0.2
ip route add 10.8.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3
ip route add 10.7.0.0/16 nhid 1
ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev br0
ip link add vx0 type vxlan id 7 dstport 4789
bridge fdb append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2
ip link add vx1 type vxlan external vnifilter dstport 4790 local 10.0.0.1
bridge vni add dev vx1 vni 100-199
tc qdisc add dev v0 root tbf rate 1mbit burst 10kb latency 50ms
ip xfrm policy add src 10.0.0.1 dst 10.0.0.2 dir out mark 1 tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode transport
conntrack -I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 60
)";

/** What was received since it was last emptied. */
std::vector<std::vector<uint8_t>> received;

void Do(const std::string& commands) {
  if (system(("{ " + commands + "\n} >/dev/null 2>&1").c_str()) != 0) exit(1);
}

void Write(const std::filesystem::path& file, const std::vector<uint8_t>& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

void RecordTables(Place& place, const std::filesystem::path& folder) {
  for (size_t i = 0; i < std::size(kReaders); i++) {
    received.clear();
    kReaders[i].read(place);
    // Of several the first has rows.
    std::vector<uint8_t> seed = received.at(0);
    const uint32_t length = reinterpret_cast<const nlmsghdr*>(seed.data())->nlmsg_len;
    Write(folder / "columns" / kReaders[i].name, {seed.begin(), seed.begin() + length});
    seed.insert(seed.begin(), static_cast<uint8_t>(i));
    Write(folder / "tables" / kReaders[i].name, seed);
  }
}

void RecordRefusal(Place& place, const std::filesystem::path& folder) {
  received.clear();
  LinkSet set{.link = LinkRef(1)};
  set.mtu = UINT32_MAX;
  CarryOut({.places = {std::shared_ptr<Place>(&place, [](Place*) {})}, .ops = {{.at = 0, .step = set}}}, false);
  Write(folder / "extack" / "mtu", received.at(0));
}

void RecordChanges(const std::filesystem::path& folder) {
  const Interest all = {.tables = {kLink, kAddress, kRoute, kNeigh, kFdb}, .buffer = 65536};
  const auto subscription = Subscription::Open(OpenNetlink(NETLINK_ROUTE), all, std::make_shared<Bell>());
  received.clear();
  Do("ip addr add 10.0.1.1/24 dev br0 && ip neigh del 10.0.0.2 dev br0 && ip link del v0");
  subscription->Read(1000);
  for (size_t i = 0; i < received.size(); i++) Write(folder / "subscription" / std::to_string(i), received[i]);
}

}  // namespace

/** Comes before libc's own. */
extern "C" ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* from, socklen_t* length) {
  const ssize_t got = syscall(SYS_recvfrom, fd, data, size, flags, from, length);
  if (got > 0) {
    auto* bytes = static_cast<uint8_t*>(data);
    received.emplace_back(bytes, bytes + got);
    // A Script takes 0 for the last request.
    auto* at = reinterpret_cast<nlmsghdr*>(received.back().data());
    for (int left = static_cast<int>(got); nlmsg_ok(at, left); at = nlmsg_next(at, &left)) at->nlmsg_seq = 0;
  }
  return got;
}

int main(int count, char** words) {
  Fd netns;
  if (count != 2 || unshare(CLONE_NEWNET) != 0 || OpenOwnNetns(netns) != 0) return 1;
  Do(kFurniture);
  Place place(std::move(netns));
  RecordTables(place, words[1]);
  RecordRefusal(place, words[1]);
  RecordChanges(words[1]);
  return 0;
}
