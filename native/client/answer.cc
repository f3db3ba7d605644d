#include "client/answer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cnm {
namespace {

/** Frames as Docker has them where several streams share a connection: which, three zeros, the length; and ours for the
 * end. */
constexpr size_t kHeader = 8;
enum Stream : uint8_t { kEnd = 0, kOut = 1, kErr = 2 };

/** What a socket says, in pieces of whatever size. */
class Reader {
 public:
  explicit Reader(int socket) : socket_(socket) {}

  /** What has come and was not taken yet. */
  std::string_view bytes() const { return {buffer_ + begin_, end_ - begin_}; }
  void Take(size_t count) { begin_ += count; }

  /** Waits for more; false at the end, or when there is no room for it. */
  bool Read() {
    std::memmove(buffer_, buffer_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    ssize_t count;
    do count = recv(socket_, buffer_ + end_, sizeof buffer_ - end_, 0);
    while (count < 0 && errno == EINTR);
    if (count <= 0) return false;
    end_ += static_cast<size_t>(count);
    return true;
  }

  bool Await(size_t count) {
    while (bytes().size() < count) {
      if (!Read()) return false;
    }
    return true;
  }

 private:
  const int socket_;
  char buffer_[1 << 16];
  size_t begin_ = 0, end_ = 0;
};

/** Takes the head of an answer; false where that is not 200 OK. */
bool IsTakenUp(Reader& reader) {
  constexpr std::string_view kBlank = "\r\n\r\n";
  size_t end;
  while ((end = reader.bytes().find(kBlank)) == std::string_view::npos) {
    if (!reader.Read()) return false;
  }
  const std::string_view head = reader.bytes();
  const size_t version = head.find(' ');
  const bool is_taken_up = head.starts_with("HTTP/1.") && head.compare(version, 5, " 200 ") == 0;
  reader.Take(end + kBlank.size());
  return is_taken_up;
}

/** 0, or an errno. */
int Write(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

std::optional<Answer> PassOn(int socket) {
  Reader reader(socket);
  if (!IsTakenUp(reader)) return std::nullopt;
  std::signal(SIGPIPE, SIG_IGN);
  Answer answer;
  int failed[3] = {};
  while (reader.Await(kHeader)) {
    const uint8_t stream = static_cast<uint8_t>(reader.bytes().front());
    uint32_t left;
    std::memcpy(&left, reader.bytes().data() + 4, sizeof left);
    left = ntohl(left);
    reader.Take(kHeader);
    if (stream == kEnd) {
      if (reader.Await(1)) answer.exit_code = static_cast<uint8_t>(reader.bytes().front());
      break;
    }
    const int fd = stream == kOut ? STDOUT_FILENO : STDERR_FILENO;
    while (left > 0 && reader.Await(1)) {
      const std::string_view piece = reader.bytes().substr(0, left);
      if (failed[fd] == 0) failed[fd] = Write(fd, piece);
      left -= static_cast<uint32_t>(piece.size());
      reader.Take(piece.size());
    }
  }
  if (failed[STDOUT_FILENO] != EPIPE) answer.lost = failed[STDOUT_FILENO];
  return answer;
}

}  // namespace cnm
