#include "kernel/descriptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "kernel/fd.h"
#include "space.h"

using namespace cnm;

TEST_SUITE_BEGIN("descriptor");

TEST_CASE("a lock is taken once, and by whoever has it already") {
  const Folder folder;
  const std::string path = folder / "lock";
  const Fd a(open(path.c_str(), O_RDWR | O_CREAT, 0600));
  CHECK_EQ(TryLock(a.get()), 1);
  CHECK_EQ(TryLock(a.get()), 1);
  {
    const Fd b(open(path.c_str(), O_RDWR));
    CHECK_EQ(TryLock(b.get()), 0);
  }
  CHECK_EQ(TryLock(-1), -EBADF);
}

TEST_CASE("close-on-exec is set and says what it could not be set on") {
  const Fd fd(open("/dev/null", O_RDONLY));
  CHECK_EQ(CloseOnExec(fd.get()), 0);
  CHECK_EQ(fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  CHECK_EQ(CloseOnExec(-1), -EBADF);
}

TEST_CASE("a descriptor closes itself once, wherever it was moved to") {
  const int number = open("/dev/null", O_RDONLY);
  {
    Fd first(number);
    Fd second(std::move(first));
    CHECK_FALSE(first);
    first = std::move(second);
    CHECK_EQ(first.get(), number);
    CHECK_GE(fcntl(number, F_GETFD), 0);
  }
  CHECK_EQ(fcntl(number, F_GETFD), -1);
}

TEST_CASE("a descriptor that was released is somebody else's to close") {
  Fd fd(open("/dev/null", O_RDONLY));
  const Fd taken(fd.release());
  CHECK_FALSE(fd);
  CHECK_GE(fcntl(taken.get(), F_GETFD), 0);
}

TEST_SUITE_END();
