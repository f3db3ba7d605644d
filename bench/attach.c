// What attaching costs when nothing stands between a program and the kernel: the messages that libcnm sends for an endpoint on a
// bridge network, one by one, each acknowledged; a look at the firewall; a way into the sandbox, which is not kept open; and records
// that survive the program: what takes all of it back, before, and what is there, afterwards. Prints the milliseconds of attaching
// and of deleting the link again.
//   attach HOST SANDBOX BRIDGE FOLDER    HOST, SANDBOX: paths of network namespaces; BRIDGE has 10.0.0.1/16; FOLDER is for records
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HOST_END "cbench0"
#define SANDBOX_END "eth0"
#define GROUP 77
#define JOURNAL 435
#define RECORDS 602

static const unsigned char own[4] = {10, 0, 255, 254}, gateway[4] = {10, 0, 0, 1};
static const unsigned char mac[6] = {2, 0, 0, 0, 0, 7};

static int failed;
static char buffer[4096];
static struct nlmsghdr *const message = (struct nlmsghdr *)buffer;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void *begin(unsigned short type, unsigned short flags, unsigned size) {
  memset(buffer, 0, sizeof buffer);
  *message = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags};
  return NLMSG_DATA(message);
}

static struct rtattr *put(unsigned short type, const void *data, size_t size) {
  struct rtattr *attribute = (struct rtattr *)(buffer + NLMSG_ALIGN(message->nlmsg_len));
  *attribute = (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type};
  if (size) memcpy(RTA_DATA(attribute), data, size);
  message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void end(struct rtattr *nest) { nest->rta_len = (unsigned short)(buffer + message->nlmsg_len - (char *)nest); }

/** Sends it, and reads what it is answered with up to whether it was done. */
static void ask(int fd, const char *what) {
  static char answer[32768];
  const struct nlmsghdr *said = (struct nlmsghdr *)answer;
  int error = send(fd, buffer, message->nlmsg_len, 0) < 0 ? -errno : 0;
  do {
    if (error == 0 && recv(fd, answer, sizeof answer, 0) < 0) error = -errno;
  } while (error == 0 && said->nlmsg_type != NLMSG_ERROR);
  if (error == 0) error = ((struct nlmsgerr *)NLMSG_DATA(said))->error;
  if (error == 0) return;
  fprintf(stderr, "%s: %s\n", what, strerror(-error));
  failed = 1;
}

static void set_sysctl(const char *path) {
  const int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, "1", 1) != 1) {
    perror(path);
    failed = 1;
  }
  close(fd);
}

/** The rules stand: a set has the bridge. */
static void probe(int fd, const char *bridge) {
  struct nfgenmsg *header = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, 0, sizeof *header);
  *header = (struct nfgenmsg){.nfgen_family = NFPROTO_INET};
  put(NFTA_SET_ELEM_LIST_TABLE, "cnm", sizeof "cnm");
  put(NFTA_SET_ELEM_LIST_SET, "bridges", sizeof "bridges");
  struct rtattr *elements = put(NLA_F_NESTED | NFTA_SET_ELEM_LIST_ELEMENTS, NULL, 0);
  struct rtattr *element = put(NLA_F_NESTED | NFTA_LIST_ELEM, NULL, 0);
  struct rtattr *key = put(NLA_F_NESTED | NFTA_SET_ELEM_KEY, NULL, 0);
  char name[IFNAMSIZ] = "";
  strncpy(name, bridge, sizeof name - 1);
  put(NFTA_DATA_VALUE, name, sizeof name);
  end(key), end(element), end(elements);
  ask(fd, "probe");
}

static void put_group(void) {
  const unsigned group = GROUP;
  put(IFLA_GROUP, &group, sizeof group);
}

static void add_veth(int fd, int sandbox) {
  begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
  put(IFLA_IFNAME, HOST_END, sizeof HOST_END);
  put_group();
  struct rtattr *info = put(IFLA_LINKINFO, NULL, 0);
  put(IFLA_INFO_KIND, "veth", 4);
  struct rtattr *data = put(IFLA_INFO_DATA, NULL, 0);
  const struct ifinfomsg none = {0};
  struct rtattr *peer = put(VETH_INFO_PEER, &none, sizeof none);
  put(IFLA_IFNAME, SANDBOX_END, sizeof SANDBOX_END);
  put(IFLA_ADDRESS, mac, sizeof mac);
  put_group();
  put(IFLA_NET_NS_FD, &sandbox, sizeof sandbox);
  end(peer), end(data), end(info);
  ask(fd, "veth");
}

static void set_up(int fd, unsigned link, unsigned master) {
  struct ifinfomsg *header = begin(RTM_NEWLINK, 0, sizeof *header);
  *header = (struct ifinfomsg){.ifi_index = (int)link, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  if (master) put(IFLA_MASTER, &master, sizeof master);
  ask(fd, "up");
}

static void add_neighbour(int fd, unsigned link, const unsigned char *address) {
  struct ndmsg *header = begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof *header);
  *header = (struct ndmsg){.ndm_family = AF_INET, .ndm_ifindex = (int)link, .ndm_state = NUD_PERMANENT};
  put(NDA_DST, address, 4);
  put(NDA_LLADDR, mac, sizeof mac);
  ask(fd, "neighbour");
}

static void add_address(int fd, unsigned link) {
  struct ifaddrmsg *header = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *header);
  *header = (struct ifaddrmsg){.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = link};
  put(IFA_LOCAL, own, sizeof own);
  put(IFA_ADDRESS, own, sizeof own);
  ask(fd, "address");
}

static void add_default_route(int fd) {
  struct rtmsg *header = begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *header);
  *header = (struct rtmsg){.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT, .rtm_type = RTN_UNICAST};
  put(RTA_GATEWAY, gateway, sizeof gateway);
  ask(fd, "route");
}

static void delete_link(int fd, unsigned link) {
  struct ifinfomsg *header = begin(RTM_DELLINK, 0, sizeof *header);
  header->ifi_index = (int)link;
  ask(fd, "delete");
}

/** As much as libcnm writes. */
static char text[JOURNAL > RECORDS ? JOURNAL : RECORDS];

static void write_record(const char *path, size_t size) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0 || write(fd, text, size) < 0) {
    perror(path);
    failed = 1;
  }
  close(fd);
}

static int enter(int netns, int protocol) {
  const int fd = setns(netns, CLONE_NEWNET) == 0 ? socket(AF_NETLINK, SOCK_RAW, protocol) : -1;
  if (fd < 0) exit((perror("namespace"), 1));
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 5 || chdir(argv[4]) != 0) return 2;
  const int host = open(argv[1], O_RDONLY);
  const int rules = enter(host, NETLINK_NETFILTER), outside = enter(host, NETLINK_ROUTE);

  const double start = now();
  write_record("journal", JOURNAL);
  probe(rules, argv[3]);
  const int sandbox = open(argv[2], O_RDONLY);
  add_veth(outside, sandbox);
  const unsigned link = if_nametoindex(HOST_END), bridge = if_nametoindex(argv[3]);
  set_sysctl("/proc/sys/net/ipv6/conf/" HOST_END "/disable_ipv6");
  set_up(outside, link, bridge);
  add_neighbour(outside, bridge, own);
  const int inside = enter(sandbox, NETLINK_ROUTE);
  const unsigned end = if_nametoindex(SANDBOX_END);
  set_sysctl("/proc/sys/net/ipv6/conf/" SANDBOX_END "/disable_ipv6");
  add_address(inside, end);
  set_up(inside, end, 0);
  add_neighbour(inside, end, gateway);
  add_default_route(inside);
  close(inside), close(sandbox);
  write_record("endpoint.new", RECORDS);
  if (rename("endpoint.new", "endpoint") != 0 || unlink("journal") != 0) return perror("record"), 1;
  const double attached = now();
  delete_link(outside, link);
  if (unlink("endpoint") != 0 || failed) return 1;
  printf("%.3f %.3f\n", attached - start, now() - attached);
  return 0;
}
