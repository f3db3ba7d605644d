#include "kernel/netns.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "space.h"

using namespace cnm;

namespace {

uint64_t OwnInode() {
  Fd own;
  REQUIRE_EQ(OpenOwnNetns(own), 0);
  uint64_t inode = 0;
  REQUIRE_EQ(InodeOf(own.get(), inode), 0);
  return inode;
}

void WriteFile(const std::string& path, const char* text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  REQUIRE_EQ(write(file.get(), text, strlen(text)), static_cast<ssize_t>(strlen(text)));
}

}  // namespace

TEST_SUITE_BEGIN("netns");

TEST_CASE("one that is made is another than ours, and is left when the body has run") {
  const Folder folder;
  const std::string path = folder / "netns";
  const uint64_t before = OwnInode();
  Fd made;
  REQUIRE_EQ(CreateNetns(path, made), 0);
  uint64_t inode = 0, inside = 0;
  REQUIRE_EQ(InodeOf(made.get(), inode), 0);
  CHECK_NE(inode, before);
  CHECK_EQ(RunInNetns(made.get(), [&] { inside = OwnInode(); }), 0);
  CHECK_EQ(inside, inode);
  CHECK_EQ(OwnInode(), before);
  CHECK_EQ(RemoveNetns(path), 0);
  CHECK_EQ(access(path.c_str(), F_OK), -1);
}

TEST_CASE("one is not made where something is, nor where nothing can be") {
  const Folder folder;
  const std::string path = folder / "netns";
  Fd made;
  REQUIRE_EQ(CreateNetns(path, made), 0);
  Fd again;
  CHECK_EQ(CreateNetns(path, again), -EEXIST);
  CHECK_FALSE(again);
  CHECK_EQ(CreateNetns(folder / "no/netns", again), -ENOENT);
}

TEST_CASE("what is no network namespace is not opened") {
  const Folder folder;
  Fd netns;
  CHECK_EQ(OpenNetns(folder / "nothing", netns), -ENOENT);
  CHECK_EQ(OpenNetns("/proc/self/ns/mnt", netns), -EINVAL);
  CHECK_EQ(OpenNetns("/dev/null", netns), -EINVAL);
  CHECK_EQ(OpenNetns("/tmp", netns), -EINVAL);
  REQUIRE_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  CHECK_EQ(OpenNetns(folder / "fifo", netns), -EINVAL);
  CHECK_FALSE(netns);
}

TEST_CASE("nothing is removed but a mounted namespace, or what is left of one that never was mounted") {
  const Folder folder;
  const std::string link = folder / "link";
  WriteFile(folder / "text", "mine");
  WriteFile(folder / "empty", "");
  REQUIRE_EQ(symlink("/proc/self/ns/net", link.c_str()), 0);
  CHECK_EQ(RemoveNetns(folder / "text"), -EINVAL);
  CHECK_EQ(RemoveNetns(link), -EINVAL);
  CHECK_EQ(RemoveNetns("/proc"), -EINVAL);
  CHECK_EQ(RemoveNetns(folder / "nothing"), -ENOENT);
  CHECK_EQ(RemoveNetns(folder / "empty"), 0);
  CHECK_EQ(access((folder / "text").c_str(), F_OK), 0);
}

TEST_CASE("a namespace that cannot be entered runs nothing") {
  const Fd file(open("/dev/null", O_RDONLY));
  bool ran = false;
  CHECK_EQ(RunInNetns(file.get(), [&] { ran = true; }), -EINVAL);
  CHECK_EQ(RunInNetns(-1, [&] { ran = true; }), -EBADF);
  CHECK_FALSE(ran);
}

TEST_CASE("it has an inode as long as it is open") {
  uint64_t inode = 0;
  CHECK_EQ(InodeOf(-1, inode), -EBADF);
  CHECK_GT(OwnInode(), 0);
}

TEST_SUITE_END();
