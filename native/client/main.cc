#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/answer.h"
#include "client/place.h"
#include "client/request.h"

namespace cnm {
namespace {

/** Below the folder of the package, as this program is: build/Release/cnm-client, prebuilds/linux-x64/cnm-client. */
constexpr char kProgram[] = "/dist/cli/main.cjs";
constexpr int kDepth = 3;

/** So that no socket of ours gets the number of a standard stream that was closed. */
void OpenStandardStreams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(125);
  }
}

/** A socket that is connected, or -1. */
int Connect(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof to.sun_path) return -1;
  std::memcpy(to.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  close(fd);
  return -1;
}

bool Send(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

/** The daemon takes back what is half done when it sees us gone. */
void EndBySignal(int signal) { _exit(128 + signal); }

/** What came of it there; empty: it is to be done here. */
std::optional<int> AskDaemon(Words words, char* const* environment) {
  const std::string path = SocketFor(words);
  const int socket = Connect(path);
  char folder[PATH_MAX];
  if (socket < 0 || getcwd(folder, sizeof folder) == nullptr) return std::nullopt;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    // As nohup(1) left it, for Node.js too, which may be what this becomes.
    if (std::signal(signal, EndBySignal) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
  // One that refuses before it has heard everything still answers.
  Send(socket, RequestOf(words, folder, environment));
  const std::optional<Answer> answer = PassOn(socket);
  if (!answer) return std::nullopt;
  if (!answer->exit_code) {
    std::fprintf(stderr, "cannot reach the daemon at unix://%s: it has hung up\nhint: cnm serve\n", path.c_str());
    return 1;
  }
  if (answer->lost != 0) {
    std::fprintf(stderr, "the answer cannot be written: %s\n", std::strerror(answer->lost));
    return 1;
  }
  return answer->exit_code;
}

/** The folder of the package; empty where the system does not say. */
std::string Home() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  std::string home(path, length < 0 ? 0 : static_cast<size_t>(length));
  for (int up = 0; up < kDepth; up++) home.resize(home.rfind('/') == std::string::npos ? 0 : home.rfind('/'));
  return home;
}

/** Answers only where it cannot be, with an exit code as env(1) has it. */
int BecomeNode(Words words) {
  std::string node = "node", program = Home() + kProgram;
  std::vector<char*> argv{node.data(), program.data()};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.push_back(nullptr);
  execvp(node.c_str(), argv.data());
  std::fprintf(stderr, "cnm: node: %s\n", std::strerror(errno));
  return errno == ENOENT ? 127 : 126;
}

}  // namespace
}  // namespace cnm

int main(int count, char** argv, char** environment) {
  cnm::OpenStandardStreams();
  const cnm::Words words(argv + 1, count > 0 ? static_cast<size_t>(count - 1) : 0);
  const std::optional<int> exit_code = cnm::AskDaemon(words, environment);
  return exit_code ? *exit_code : cnm::BecomeNode(words);
}
