// What goes through between two namespaces by TCP: as much as fits, or one byte there and one back.
//   stream serve PORT              takes what comes, and answers who asks; prints `ready`
//   stream send ADDRESS PORT MS    prints the gigabits per second that arrived
//   stream ask ADDRESS PORT MS     prints the answers per second
// Who asks is on the first processor, who answers on the second: where the scheduler happens to put them makes up to a third.
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 131072 };
static char chunk[CHUNK];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int die(const char *what) {
  perror(what);
  exit(1);
}

/** A machine that has no such processor leaves it where it is. */
static void stay_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);
}

/** The first byte says what is wanted: 's' counts what follows, 'a' echoes. */
static void answer(int fd) {
  char want = 0;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (read(fd, &want, 1) != 1) exit(0);
  double bytes = 0;
  for (ssize_t got; (got = read(fd, chunk, want == 'a' ? 1 : CHUNK)) > 0;) {
    bytes += (double)got;
    if (want == 'a' && write(fd, chunk, 1) != 1) exit(0);
  }
  if (want == 's' && write(fd, &bytes, sizeof bytes) != sizeof bytes) exit(1);
  exit(0);
}

static void serve(const char *port) {
  stay_on(1);
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(port))};
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 8) != 0) die("listen");
  signal(SIGCHLD, SIG_IGN);
  puts("ready");
  fflush(stdout);
  for (;;) {
    const int caller = accept(fd, NULL, NULL);
    if (caller >= 0 && fork() == 0) answer(caller);
    close(caller);
  }
}

static int dial(const char *address, const char *port) {
  struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  if (getaddrinfo(address, port, &hints, &found) != 0) die("address");
  const int fd = socket(found->ai_family, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) die("connect");
  return fd;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(argv[2]);
  if (argc != 5) return 2;
  stay_on(0);
  const int fd = dial(argv[2], argv[3]);
  const char want = argv[1][0];
  if (write(fd, &want, 1) != 1) die("write");
  const double start = now(), end = start + atof(argv[4]) / 1000;
  if (want == 'a') {
    long asked = 0;
    for (; now() < end; asked++)
      if (write(fd, chunk, 1) != 1 || read(fd, chunk, 1) != 1) die("ask");
    printf("%.0f\n", (double)asked / (now() - start));
    return 0;
  }
  while (now() < end)
    if (write(fd, chunk, CHUNK) <= 0) die("send");
  shutdown(fd, SHUT_WR);
  double bytes = 0;
  if (read(fd, &bytes, sizeof bytes) != sizeof bytes) die("answer");
  printf("%.3f\n", bytes * 8 / 1e9 / (now() - start));
  return 0;
}
