// How fast the kernel takes forwarding entries: ceiling IFINDEX COUNT adds COUNT of them to a vxlan from ready messages,
// 64 in a send, the last one acknowledged, and prints the milliseconds. Nothing can be faster by netlink.
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

struct entry {
  struct nlmsghdr header;
  struct ndmsg neighbour;
  struct rtattr mac_attribute;
  unsigned char mac[8];
  struct rtattr dst_attribute;
  unsigned char dst[4];
};

static void fill(struct entry *entry, unsigned row, int ifindex) {
  *entry = (struct entry){
      .header = {.nlmsg_len = sizeof *entry,
                 .nlmsg_type = RTM_NEWNEIGH,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL,
                 .nlmsg_seq = row},
      .neighbour = {.ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex, .ndm_state = NUD_PERMANENT, .ndm_flags = NTF_SELF},
      .mac_attribute = {.rta_len = RTA_LENGTH(6), .rta_type = NDA_LLADDR},
      .mac = {2, 0, 0, (unsigned char)(row >> 16), (unsigned char)(row >> 8), (unsigned char)row},
      .dst_attribute = {.rta_len = RTA_LENGTH(4), .rta_type = NDA_DST},
      .dst = {10, (unsigned char)(row >> 16), (unsigned char)(row >> 8), (unsigned char)row},
  };
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const int ifindex = atoi(argv[1]);
  const unsigned count = (unsigned)atoi(argv[2]);
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct entry *entries = malloc(count * sizeof *entries);
  if (fd < 0 || !entries) return perror("ceiling"), 1;
  for (unsigned row = 0; row < count; row++) fill(&entries[row], row, ifindex);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (unsigned from = 0; from < count; from += BATCH) {
    const unsigned rows = count - from < BATCH ? count - from : BATCH;
    entries[from + rows - 1].header.nlmsg_flags |= NLM_F_ACK;
    char answer[8192];
    if (send(fd, &entries[from], rows * sizeof *entries, 0) < 0 || recv(fd, answer, sizeof answer, 0) < 0) return perror("ceiling"), 1;
    const struct nlmsgerr *said = NLMSG_DATA((struct nlmsghdr *)answer);
    if (said->error) return fprintf(stderr, "ceiling: errno %d\n", -said->error), 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.3f\n", (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
  free(entries);
  close(fd);
  return 0;
}
