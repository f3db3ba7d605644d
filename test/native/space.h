#pragma once

#include <string>

#include "facts/op.h"
#include "kernel/place.h"
#include "kernel/program.h"

namespace cnm {

/** A folder that is gone at the end, with all that is mounted in it. */
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/** A network namespace of its own. */
class Space {
 public:
  Space();

  Place& operator*() { return *place_; }
  Place* operator->() { return place_.get(); }
  const std::shared_ptr<Place>& place() const { return place_; }

  Outcome Do(std::vector<Op> ops) const;
  /** What a program prints in there: the witness of what we say that we did. */
  std::string Look(const std::string& command) const;

 private:
  Folder folder_;
  std::shared_ptr<Place> place_;
};

/** A bridge, which every kernel has. */
Op AddBridge(const std::string& name);

}  // namespace cnm
