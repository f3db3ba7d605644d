// starve PID FD BYTES [flood]: gives a netlink socket of another process so small a receive buffer that the kernel has to
// drop answers; flood: and asks over it, until it is killed, for what is refused.
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void ask(int fd) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
  } questions[64] = {0};
  for (int i = 0; i < 64; i++) {
    questions[i].header = (struct nlmsghdr){.nlmsg_len = sizeof questions[i], .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST};
    questions[i].link.ifi_index = 0x7fffffff;
  }
  send(fd, questions, sizeof questions, 0);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const int process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
  const int fd = (int)syscall(SYS_pidfd_getfd, process, atoi(argv[2]), 0);
  const int bytes = atoi(argv[3]);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) return perror("starve"), 1;
  ask(fd);
  puts("starved");
  fflush(stdout);
  while (argc > 4) ask(fd);
  return 0;
}
