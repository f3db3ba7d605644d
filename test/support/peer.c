// One end of a conversation, run inside a namespace by traffic.ts: hundreds of them, so they have to start at once.
//   peer serve tcp|udp ADDRESS PORT   answers each caller with the address it sees, then with what he says; prints `ready`
//   peer ask   tcp|udp ADDRESS PORT   prints the answer; exit 1 when none comes in time
//   peer hold  ADDRESS PORT           keeps one connection and sends a byte each 5 ms; at SIGTERM prints SENT ECHOED
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 2500, BEAT_MS = 5 };

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void ready(void) {
  puts("ready");
  fflush(stdout);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct addrinfo *place(const char *protocol, const char *address, const char *port) {
  const struct addrinfo wanted = {
      .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
      .ai_socktype = strcmp(protocol, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM,
  };
  struct addrinfo *found;
  const int refusal = getaddrinfo(address, port, &wanted, &found);
  if (refusal == 0) return found;
  fprintf(stderr, "%s: %s\n", address, gai_strerror(refusal));
  exit(1);
}

static int open_for(const struct addrinfo *there) {
  const int fd = socket(there->ai_family, there->ai_socktype, 0);
  if (fd < 0) fail("socket");
  return fd;
}

/** Of IPv4 as it is, also where it came to a socket of both families. */
static int write_address(char *text, int size, const struct sockaddr_storage *from) {
  char host[NI_MAXHOST];
  if (getnameinfo((const struct sockaddr *)from, sizeof *from, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) return 0;
  const int mapped = strncmp(host, "::ffff:", 7) == 0 ? 7 : 0;
  return snprintf(text, size, "%s\n", host + mapped);
}

static void *converse(void *given) {
  const int fd = (int)(long)given;
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  char text[NI_MAXHOST + 1];
  ssize_t length = getpeername(fd, (struct sockaddr *)&from, &size) == 0 ? write_address(text, sizeof text, &from) : 0;
  while (length > 0 && send(fd, text, length, MSG_NOSIGNAL) == length) length = recv(fd, text, sizeof text, 0);
  close(fd);
  return NULL;
}

static void serve_tcp(int fd) {
  if (listen(fd, SOMAXCONN) != 0) fail("listen");
  ready();
  for (;;) {
    const int caller = accept(fd, NULL, NULL);
    pthread_t thread;
    if (caller >= 0 && pthread_create(&thread, NULL, converse, (void *)(long)caller) == 0) pthread_detach(thread);
  }
}

static void serve_udp(int fd) {
  ready();
  for (;;) {
    char text[NI_MAXHOST + 1];
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    if (recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &size) < 0) continue;
    sendto(fd, text, write_address(text, sizeof text, &from), 0, (struct sockaddr *)&from, size);
  }
}

static void serve(const struct addrinfo *here) {
  const int fd = open_for(here), yes = 1;
  const int is_tcp = here->ai_socktype == SOCK_STREAM;
  if (is_tcp) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, here->ai_addr, here->ai_addrlen) != 0) fail("bind");
  (is_tcp ? serve_tcp : serve_udp)(fd);
}

static void give_up(int signal) {
  static const char words[] = "no answer\n";
  (void)signal;
  _exit(write(STDERR_FILENO, words, sizeof words - 1) < 0 ? 2 : 1);
}

static void ask(const struct addrinfo *there) {
  const struct itimerspec patience = {.it_value = {PATIENCE_MS / 1000, PATIENCE_MS % 1000 * 1000000L}};
  timer_t timer;
  signal(SIGALRM, give_up);
  if (timer_create(CLOCK_MONOTONIC, NULL, &timer) != 0 || timer_settime(timer, 0, &patience, NULL) != 0) fail("timer");

  const int fd = open_for(there);
  char text[4096];
  // A UDP socket without a destination is not told who refuses: it goes on waiting.
  if (there->ai_socktype == SOCK_STREAM) {
    if (connect(fd, there->ai_addr, there->ai_addrlen) != 0) fail("connect");
  } else if (sendto(fd, "hello", 5, 0, there->ai_addr, there->ai_addrlen) < 0) {
    fail("send");
  }
  const ssize_t length = recv(fd, text, sizeof text, 0);
  if (length <= 0) fail("receive");
  fwrite(text, 1, length, stdout);
}

static volatile sig_atomic_t is_over;
static void end(int signal) { is_over = signal; }

/** What has come is counted from behind the greeting's newline: that is no echo. */
static void count_echoes(int fd, long *echoed) {
  char text[4096];
  const ssize_t length = recv(fd, text, sizeof text, MSG_DONTWAIT);
  if (length == 0 || (length < 0 && errno != EAGAIN)) fail("receive");
  for (ssize_t at = 0; at < length; at++) {
    if (*echoed >= 0) (*echoed)++;
    else if (text[at] == '\n') *echoed = 0;
  }
}

static void hold(const struct addrinfo *there) {
  const int fd = open_for(there), yes = 1;
  if (connect(fd, there->ai_addr, there->ai_addrlen) != 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
  ready();

  long sent = 0, echoed = -1, beat = now_ms(), deadline = 0;
  while (!is_over || (echoed != sent && now_ms() < deadline)) {
    if (is_over == 0) deadline = now_ms() + PATIENCE_MS;
    if (is_over == 0 && now_ms() >= beat) {
      if (send(fd, ".", 1, MSG_NOSIGNAL) != 1) fail("send");
      sent++;
      beat += BEAT_MS;
    }
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1);
    count_echoes(fd, &echoed);
  }
  printf("%ld %ld\n", sent, echoed);
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "serve") == 0) serve(place(argv[2], argv[3], argv[4]));
  else if (argc == 5 && strcmp(argv[1], "ask") == 0) ask(place(argv[2], argv[3], argv[4]));
  else if (argc == 4 && strcmp(argv[1], "hold") == 0) hold(place("tcp", argv[2], argv[3]));
  else return 2;
}
