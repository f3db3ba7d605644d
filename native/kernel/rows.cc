#include "kernel/rows.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cnm {

namespace {

/** Deleting begins with the last row: the first address of a link takes those along that came after it. */
bool IsBackwards(Verb verb) { return verb == Verb::kDel; }

/** Which of some rows are in the table. */
class ReadBack {
 public:
  ReadBack(const Pattern& pattern, std::vector<uint32_t> rows)
      : pattern_(pattern), rows_(std::move(rows)), found_(rows_.size()) {
    std::ranges::sort(rows_, std::ranges::lexicographical_compare, key_);
  }

  Refused Run(Place& place, const Rows& asked) {
    Message dump = asked.dump();
    const auto on_reply = [&](const nlmsghdr* reply) {
      if (!asked.among || asked.among(reply)) Find(reply);
    };
    return place.Dump(dump, on_reply, [&] { found_.assign(found_.size(), false); });
  }

  /** Those that are there, or those that are not, by number. */
  std::vector<uint32_t> Which(bool there) const {
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < rows_.size(); i++) {
      if (found_[i] == there) rows.push_back(rows_[i]);
    }
    std::ranges::sort(rows);
    return rows;
  }

 private:
  void Find(const nlmsghdr* reply) {
    const auto key = pattern_.KeyIn(reply);
    auto row = std::ranges::lower_bound(rows_, key, std::ranges::lexicographical_compare, key_);
    for (; row != rows_.end() && std::ranges::equal(key_(*row), key); row++) {
      if (pattern_.Describes(*row, reply)) found_[static_cast<size_t>(row - rows_.begin())] = true;
    }
  }

  const Pattern& pattern_;
  const std::function<std::span<const uint8_t>(uint32_t row)> key_ = std::bind_front(&Pattern::KeyOf, &pattern_);
  std::vector<uint32_t> rows_;
  std::vector<bool> found_;
};

/** One op with many rows. */
class Bulk {
 public:
  Bulk(Place& place, Socket& socket, const Rows& rows) : place_(place), socket_(socket), rows_(rows) {}

  Refused Apply(const std::atomic<bool>& cancelled) {
    Refused refusal;
    const size_t tried = Try(rows_.verb, rows_.count, {}, &cancelled, refusal);
    if (tried < rows_.count) {
      if (!refusal) refusal = Refusal{.error = -ECANCELED};
      refusal->untried = rows_.count - tried;
    }
    if (!refusal) return {};
    std::ranges::sort(refusal->rows, {}, &RefusedRow::row);
    if (rows_.verb == Verb::kAdd || rows_.verb == Verb::kAppend) TakeBack(tried, refusal->rows);
    return refusal;
  }

 private:
  void TakeBack(size_t tried, const std::vector<RefusedRow>& refused) {
    std::vector<bool> others(tried);
    for (const RefusedRow& row : refused) others[row.row] = true;
    // A row that has gone meanwhile is as it is wanted.
    Refused gone;
    Try(Verb::kDel, tried, others, nullptr, gone);
  }

  /** Tries the first `count` rows except `others`; answers how many were reached before `cancelled` was set. */
  size_t Try(Verb verb, size_t count, const std::vector<bool>& others, const std::atomic<bool>* cancelled,
             Refused& refusal) {
    const Pattern pattern = rows_.pattern(verb);
    Batch batch(socket_, pattern);
    Answers answers;
    std::array<uint32_t, Batch::kMax> part;
    size_t reached = 0;
    while (reached < count && !(cancelled && reached > 0 && *cancelled)) {
      size_t size = 0;
      for (; reached < count && size < part.size(); reached++) {
        const size_t row = IsBackwards(verb) ? count - 1 - reached : reached;
        if (others.empty() || !others[row]) part[size++] = static_cast<uint32_t>(row);
      }
      if (size > 0) batch.Send({part.data(), size}, answers);
    }
    if (!answers.lost.empty()) Settle(verb, pattern, answers);
    refusal = std::move(answers.refusal);
    return reached;
  }

  /** Finds out what became of the rows whose answers were lost, and tries once more those that are not as wanted. */
  void Settle(Verb verb, const Pattern& pattern, Answers& answers) {
    const std::vector<uint32_t> lost = std::exchange(answers.lost, {});
    ReadBack table(pattern, lost);
    if (const Refused unread = table.Run(place_, rows_)) return Refuse(lost, *unread, answers);
    std::vector<uint32_t> again = table.Which(verb == Verb::kDel);
    if (IsBackwards(verb)) std::ranges::reverse(again);
    Batch batch(socket_, pattern);
    // One by one, so that there is room for every answer.
    for (const uint32_t row : again) batch.Send({&row, 1}, answers);
    Refuse(answers.lost, {.error = -ENOBUFS, .request = pattern.shared.request()}, answers);
  }

  static void Refuse(std::span<const uint32_t> rows, const Refusal& refusal, Answers& answers) {
    for (const uint32_t row : rows) AddRefused(answers.refusal, row, Refusal(refusal));
  }

  Place& place_;
  Socket& socket_;
  const Rows& rows_;
};

}  // namespace

Refused ApplyRows(Place& place, const Rows& rows, const std::atomic<bool>& cancelled) {
  Socket* socket = nullptr;
  if (Refused refusal = place.Route(socket)) return refusal;
  return Bulk(place, *socket, rows).Apply(cancelled);
}

}  // namespace cnm
