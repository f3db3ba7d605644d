#include "client/place.h"

#include <cstdlib>
#include <optional>
#include <string_view>

namespace cnm {
namespace {

std::optional<std::string_view> Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/** What stands behind `flag` in the word at `at`, or is the next word: then `at` moves on. */
std::optional<std::string_view> ValueOf(std::string_view flag, Words words, size_t& at) {
  std::string_view word = words[at];
  if (!word.starts_with(flag)) return std::nullopt;
  word.remove_prefix(flag.size());
  if (!word.empty()) {
    const bool is_long = flag.starts_with("--");
    if (is_long && word.front() != '=') return std::nullopt;
    word.remove_prefix(is_long ? 1 : 0);
    return word;
  }
  if (at + 1 == words.size()) return std::nullopt;
  return words[++at];
}

}  // namespace

std::string SocketFor(Words words) {
  // Who is started with sockets (sd_listen_fds(3)) would wait for himself behind one of them.
  if (Variable("LISTEN_FDS")) return "";
  std::optional<std::string_view> run = Variable("CNM_RUN"), host = Variable("CNM_HOST");
  for (size_t at = 0; at < words.size() && std::string_view(words[at]) != "--"; at++) {
    if (const auto folder = ValueOf("--run", words, at)) {
      run = folder;
    } else if (const auto named = ValueOf("--host", words, at)) {
      host = named;
    } else if (const auto briefly = ValueOf("-H", words, at)) {
      host = briefly;
    }
  }
  if (!host) return std::string(run.value_or("/run/cnm")) + "/cnm.sock";
  constexpr std::string_view kUnix = "unix://";
  if (!host->starts_with(kUnix)) return "";
  host->remove_prefix(kUnix.size());
  return std::string(*host);
}

}  // namespace cnm
