#include "client/request.h"

#include <unistd.h>

#include <cstdio>

namespace cnm {
namespace {

/** A string of JSON. What is no UTF-8 is read there as Node.js reads it here. */
void Quote(std::string& json, std::string_view text) {
  json += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      json += '\\';
      json += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      char escaped[7];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", letter);
      json += escaped;
    } else {
      json += letter;
    }
  }
  json += '"';
}

/** Of a variable, 'NAME=VALUE'. */
bool IsOurs(std::string_view variable) { return variable.starts_with("CNM_") || variable.starts_with("NO_COLOR="); }

std::string BodyOf(Words words, std::string_view folder, char* const* environment) {
  std::string json = R"({"argv":[)";
  const char* comma = "";
  for (const char* word : words) {
    json += comma;
    Quote(json, word);
    comma = ",";
  }
  json += R"(],"env":{)";
  comma = "";
  for (; *environment != nullptr; environment++) {
    const std::string_view variable = *environment;
    const size_t end = variable.find('=');
    if (!IsOurs(variable) || end == std::string_view::npos) continue;
    json += comma;
    Quote(json, {variable.data(), end});
    json += ':';
    Quote(json, {variable.data() + end + 1, variable.size() - end - 1});
    comma = ",";
  }
  json += R"(},"cwd":)";
  Quote(json, folder);
  json += R"(,"tty":)";
  json += isatty(STDERR_FILENO) ? "true}" : "false}";
  return json;
}

}  // namespace

std::string RequestOf(Words words, std::string_view folder, char* const* environment) {
  const std::string body = BodyOf(words, folder, environment);
  return "POST /cnm/v1/cli HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace cnm
