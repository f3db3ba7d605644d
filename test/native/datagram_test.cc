#include "kernel/datagram.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "kernel/fd.h"
#include "space.h"

using namespace cnm;

namespace {

/** A socket that listens at `path`, '@' for an abstract one. */
Fd Listen(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.data(), path.size());
  if (path.front() == '@') at.sun_path[0] = '\0';
  Fd fd(socket(AF_UNIX, SOCK_DGRAM, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  REQUIRE_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), length), 0);
  return fd;
}

std::string Hear(const Fd& fd) {
  char text[64];
  const ssize_t length = recv(fd.get(), text, sizeof text, MSG_DONTWAIT);
  return length < 0 ? "nothing" : std::string(text, static_cast<size_t>(length));
}

}  // namespace

TEST_SUITE_BEGIN("datagram");

TEST_CASE("a datagram arrives at a path, and at an abstract name") {
  const Folder folder;
  for (const std::string& path : {folder / "notify", "@cnm-test-" + std::to_string(getpid())}) {
    const Fd fd = Listen(path);
    CHECK_EQ(SendDatagram(path, "READY=1"), 0);
    CHECK_EQ(Hear(fd), "READY=1");
    CHECK_EQ(Hear(fd), "nothing");
  }
}

TEST_CASE("where nobody listens it is refused, and who does not listen keeps nobody waiting") {
  const Folder folder;
  CHECK_EQ(SendDatagram(folder / "nobody", "x"), -ENOENT);
  CHECK_EQ(SendDatagram(std::string(200, 'x'), "x"), -ENAMETOOLONG);
  CHECK_EQ(SendDatagram("", "x"), -ENAMETOOLONG);
  const std::string path = folder / "deaf";
  const Fd deaf = Listen(path);
  int answer = 0;
  for (int i = 0; i < 100000 && answer == 0; i++) answer = SendDatagram(path, "x");
  CHECK_EQ(answer, -EAGAIN);
}

TEST_SUITE_END();
