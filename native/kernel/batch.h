#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "facts/outcome.h"
#include "facts/words.h"
#include "kernel/message.h"
#include "kernel/socket.h"

namespace cnm {

/** Attributes of which the kernel does not tell as it is asked, by number. */
struct Untold {
  /** It leaves them out where they are at a default of its own. */
  std::vector<int> unsaid{};
  /** It tells of something else. */
  std::vector<int> other{};
};

/** The request that many rows have in common, with room for the bytes of each. */
class Pattern {
 public:
  template <typename Header>
  Pattern(Named type, int flags, const Header& header, Untold untold = {})
      : shared(type, flags | NLM_F_REQUEST, header), untold_(std::move(untold)) {}

  /** An attribute that each row fills; nothing when the column is absent. */
  void PutColumn(Named attribute, const Packed& column);
  /** The same for a part of the header, `offset` bytes into it. */
  void PutInHeader(size_t offset, const Packed& column);

  size_t size() const { return nlmsg_hdr(shared.get())->nlmsg_len; }
  /** Writes what is the row's own into a copy of what is shared. */
  void WriteRow(uint32_t row, void* request) const;
  /** True when the row is what `reply` tells of. An attribute that is left out is zero, or untold. */
  bool Describes(uint32_t row, const nlmsghdr* reply) const;
  /** What the row has in the first column, by which rows are told apart. */
  std::span<const uint8_t> KeyOf(uint32_t row) const;
  /** What stands there in `reply`; zeros when nothing does, as of a default route. */
  std::span<const uint8_t> KeyIn(const nlmsghdr* reply) const;

  /** What the rows have in common. */
  Message shared;

 private:
  /** Where the bytes of a column go; an attribute of number 0 is the header. */
  struct Slot {
    const Packed* column;
    size_t offset;
    int attribute;

    std::span<const uint8_t> BytesOf(uint32_t row) const { return {column->at(row), column->width}; }
    std::span<const uint8_t> BytesIn(const nlmsghdr* reply, size_t header_size) const;
  };

  bool Differs(int attribute, std::span<const uint8_t> wanted, std::span<const uint8_t> told) const;

  const Untold untold_;
  std::vector<Slot> slots_;
  size_t header_size_ = static_cast<size_t>(nlmsg_datalen(nlmsg_hdr(shared.get())));
};

/** What became of rows that were sent. */
struct Answers {
  /** The words are those about the first row that was refused. */
  Refused refusal;
  /** Rows of which nobody knows: the kernel had to drop what it had to say. */
  std::vector<uint32_t> lost;
};

/** Rows that go to the kernel in one send(), only the last of which is acknowledged; each that is refused says so. */
class Batch {
 public:
  /** Longer ones are slower where the kernel waits for RCU, and their refusals could overflow the receive buffer. */
  static constexpr size_t kMax = 64;

  Batch(Socket& socket, const Pattern& pattern);
  void Send(std::span<const uint32_t> rows, Answers& answers);

 private:
  void Write(size_t i, uint32_t row, bool last);
  bool Receive(std::span<const uint32_t> rows, Answers& answers);
  void Read(nlmsghdr* reply, int size, std::span<const uint32_t> rows, Answers& answers);

  Socket& socket_;
  const Pattern& pattern_;
  const size_t stride_;
  const uint16_t flags_ = nlmsg_hdr(pattern_.shared.get())->nlmsg_flags;
  std::vector<uint8_t> buffer_;
  uint32_t first_ = 0;
  std::bitset<kMax> answered_;
};

/** Adds a refused row, to `refusal` where there has been none yet. */
void AddRefused(Refused& refusals, uint32_t row, Refusal&& refusal);

}  // namespace cnm
