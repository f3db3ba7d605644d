#include "space.h"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "kernel/netns.h"

namespace cnm {

Folder::Folder() : path_("/tmp/cnm-native-XXXXXX") { REQUIRE(mkdtemp(path_.data())); }

Folder::~Folder() {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) umount2(entry.path().c_str(), MNT_DETACH);
  std::filesystem::remove_all(path_);
}

Space::Space() : place_(std::make_shared<Place>(folder_ / "netns")) { REQUIRE_FALSE(place_->Create()); }

Outcome Space::Do(std::vector<Op> ops) const { return CarryOut({.places = {place_}, .ops = std::move(ops)}, false); }

std::string Space::Look(const std::string& command) const {
  int netns;
  REQUIRE_FALSE(place_->Descriptor(netns));
  std::string text;
  const int error = RunInNetns(netns, [&] {
    FILE* output = popen(command.c_str(), "r");
    for (int c = getc(output); c != EOF; c = getc(output)) text.push_back(static_cast<char>(c));
    pclose(output);
  });
  REQUIRE_EQ(error, 0);
  return text;
}

Op AddBridge(const std::string& name) {
  LinkAdd add;
  add.name = name;
  add.kind = "bridge";
  return {.at = 0, .step = std::move(add)};
}

}  // namespace cnm
