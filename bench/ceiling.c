// How fast the kernel is by netlink: nothing can be faster than messages that are ready, 64 in a send, the last one
// acknowledged, or than a dump that nobody looks at. Prints the milliseconds.
//   ceiling TABLE VERB IFINDEX COUNT    TABLE: fdb, neigh, route; VERB: add, replace, del
//   ceiling fdb dump IFINDEX 0
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, LONGEST = 64, DUMP_BUFFER = 32768 };

struct table {
  const char *name;
  unsigned short type;
};
static const struct table tables[] = {{"fdb", RTM_NEWNEIGH}, {"neigh", RTM_NEWNEIGH}, {"route", RTM_NEWROUTE}};

static int fd;

static void put(struct nlmsghdr *message, unsigned short type, const void *data, unsigned short size) {
  struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
  *attribute = (struct rtattr){.rta_len = RTA_LENGTH(size), .rta_type = type};
  memcpy(RTA_DATA(attribute), data, size);
  message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

static void fill(struct nlmsghdr *message, const char *table, int del, int ifindex, unsigned row) {
  const unsigned char high = (unsigned char)(row >> 16), middle = (unsigned char)(row >> 8), low = (unsigned char)row;
  const unsigned char mac[6] = {2, 0, 0, high, middle, low};
  const unsigned char address[4] = {10, high, middle, low};
  if (strcmp(table, "route") == 0) {
    message->nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg));
    *(struct rtmsg *)NLMSG_DATA(message) = (struct rtmsg){.rtm_family = AF_INET,
                                                          .rtm_dst_len = 32,
                                                          .rtm_table = RT_TABLE_MAIN,
                                                          .rtm_protocol = del ? 0 : RTPROT_BOOT,
                                                          .rtm_type = del ? 0 : RTN_UNICAST,
                                                          .rtm_scope = del ? RT_SCOPE_NOWHERE : RT_SCOPE_LINK};
    put(message, RTA_DST, address, sizeof address);
    put(message, RTA_OIF, &ifindex, sizeof ifindex);
    return;
  }
  const int fdb = strcmp(table, "fdb") == 0;
  message->nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg));
  *(struct ndmsg *)NLMSG_DATA(message) = (struct ndmsg){.ndm_family = fdb ? AF_BRIDGE : AF_INET,
                                                        .ndm_ifindex = ifindex,
                                                        .ndm_state = NUD_PERMANENT,
                                                        .ndm_flags = fdb ? NTF_SELF : 0};
  put(message, NDA_LLADDR, mac, sizeof mac);
  put(message, NDA_DST, address, sizeof address);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int fail(const char *what) { return perror(what), 1; }

static int change(const struct table *table, const char *verb, int ifindex, unsigned count) {
  const int del = strcmp(verb, "del") == 0;
  const int flags = del ? 0 : NLM_F_CREATE | (strcmp(verb, "add") == 0 ? NLM_F_EXCL : NLM_F_REPLACE);
  char *messages = calloc(count, LONGEST), *end = messages;
  unsigned *sizes = calloc(count / BATCH + 1, sizeof *sizes);
  if (!messages || !sizes) return fail("calloc");
  for (unsigned row = 0; row < count; row++) {
    struct nlmsghdr *message = (struct nlmsghdr *)end;
    const int last = row % BATCH == BATCH - 1 || row == count - 1;
    message->nlmsg_type = (unsigned short)(table->type + del);
    message->nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags | (last ? NLM_F_ACK : 0));
    message->nlmsg_seq = row + 1;
    fill(message, table->name, del, ifindex, row);
    sizes[row / BATCH] += NLMSG_ALIGN(message->nlmsg_len);
    end += NLMSG_ALIGN(message->nlmsg_len);
  }
  const double start = now();
  const char *from = messages;
  for (unsigned batch = 0; batch * BATCH < count; from += sizes[batch++]) {
    char answer[8192];
    if (send(fd, from, sizes[batch], 0) < 0 || recv(fd, answer, sizeof answer, 0) < 0) return fail("ceiling");
    const struct nlmsgerr *said = NLMSG_DATA((struct nlmsghdr *)answer);
    if (said->error) return fprintf(stderr, "ceiling: errno %d\n", -said->error), 1;
  }
  printf("%.3f\n", now() - start);
  return 0;
}

static int dump(int ifindex) {
  const int on = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  char message[LONGEST] = {0};
  struct nlmsghdr *header = (struct nlmsghdr *)message;
  *header = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(sizeof(struct ndmsg)), .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP};
  *(struct ndmsg *)NLMSG_DATA(header) = (struct ndmsg){.ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex};
  static char answer[DUMP_BUFFER];
  const double start = now();
  if (send(fd, message, header->nlmsg_len, 0) < 0) return fail("send");
  do {
    if (recv(fd, answer, sizeof answer, 0) < 0) return fail("recv");
  } while (((struct nlmsghdr *)answer)->nlmsg_type != NLMSG_DONE && ((struct nlmsghdr *)answer)->nlmsg_type != NLMSG_ERROR);
  printf("%.3f\n", now() - start);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return fail("socket");
  if (strcmp(argv[2], "dump") == 0) return dump(atoi(argv[3]));
  for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (strcmp(argv[1], tables[i].name) == 0) return change(&tables[i], argv[2], atoi(argv[3]), (unsigned)atoi(argv[4]));
  }
  return 2;
}
