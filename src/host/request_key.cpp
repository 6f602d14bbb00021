// A request as the words of a question, and back.
//
//   request GET http://10.0.0.5:80/health host=shop.example.com header="User-Agent: x" timeout=5000
//   request GET unix:/run/x.sock:/health no-host timeout=5000 as=app
#include <stdexcept>

#include "host/host.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr std::string_view unix_mark = "unix:";
constexpr int most_samples = 20;

// ':' ends the socket's path, so one inside it is written as URLs do.
std::string encode_socket(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == ':') {
      out += "%3a";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::string decode_socket(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view code = text.substr(at, 3);
    if (code == "%3a" || code == "%25") {
      out += code == "%25" ? '%' : ':';
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::string target_of(const Request& request) {
  const bool connect_only = request.scheme == "tcp";
  const std::string path = connect_only ? "" : request.path;
  if (!request.socket.empty()) {
    const std::string scheme = request.scheme == "http" ? "" : request.scheme + "+";
    return scheme + std::string(unix_mark) + encode_socket(request.socket) + ":" + path;
  }
  const bool v6 = request.address.find(':') != std::string::npos;
  const std::string address = v6 ? "[" + request.address + "]" : request.address;
  return request.scheme + "://" + address + ":" + std::to_string(request.port) + path;
}

void read_unix_target(std::string_view target, std::size_t mark, Request& request) {
  request.scheme = mark == 0 ? "http" : std::string(target.substr(0, mark - 1));
  const std::string_view rest = target.substr(mark + unix_mark.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) throw std::invalid_argument("a Unix URL without its path");
  request.socket = decode_socket(rest.substr(0, colon));
  request.path = rest.substr(colon + 1);
}

void read_inet_target(std::string_view target, Request& request) {
  const std::size_t slashes = target.find("://");
  if (slashes == std::string_view::npos) throw std::invalid_argument("a request without a URL");
  request.scheme = target.substr(0, slashes);
  std::string_view rest = target.substr(slashes + 3);
  const bool v6 = starts_with(rest, "[");
  const std::size_t end = v6 ? rest.find(']') : rest.find(':');
  if (end == std::string_view::npos) throw std::invalid_argument("a URL without its port");
  request.address = v6 ? rest.substr(1, end - 1) : rest.substr(0, end);
  rest = rest.substr(v6 ? end + 1 : end);
  if (!starts_with(rest, ":")) throw std::invalid_argument("a URL without its port");
  rest = rest.substr(1);
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  request.port = static_cast<int>(parse_number(rest.substr(0, digits), 0, 65535));
  request.path = rest.substr(digits);
}

void read_option(const std::string& word, Request& request) {
  if (word == "no-host") {
    request.host.clear();
  } else if (starts_with(word, "host=")) {
    request.host = word.substr(5);
  } else if (starts_with(word, "header=")) {
    const std::size_t colon = word.find(": ", 7);
    if (colon == std::string::npos) throw std::invalid_argument("a header without \": \"");
    request.headers.emplace_back(word.substr(7, colon - 7), word.substr(colon + 2));
  } else if (starts_with(word, "timeout=")) {
    request.timeout_ms = static_cast<int>(parse_number(word.substr(8), 0, 86'400'000));
  } else if (starts_with(word, "as=")) {
    request.sent_as = word.substr(3);
  } else {
    throw std::invalid_argument("unknown option of a request: " + join_words({word}));
  }
}

}  // namespace

Question ask::request(const Request& request) {
  Question question{Verb::request, {request.method, target_of(request)}};
  if (!request.host.empty()) {
    question.words.push_back("host=" + request.host);
  } else if (request.scheme != "tcp") {
    question.words.push_back("no-host");
  }
  for (const auto& [name, value] : request.headers) {
    question.words.push_back("header=" + name + ": " + value);
  }
  question.words.push_back("timeout=" + std::to_string(request.timeout_ms));
  if (!request.sent_as.empty()) question.words.push_back("as=" + request.sent_as);
  return question;
}

Question ask::sample(const Request& request, int count) {
  Question question = ask::request(request);
  question.verb = Verb::sample;
  question.words.push_back("count=" + std::to_string(count));
  return question;
}

int count_of(const Question& question) {
  const std::string count = question.option("count");
  return count.empty() ? 1 : static_cast<int>(parse_number(count, 1, most_samples));
}

Request request_of(const Question& question) {
  const bool fits = question.verb == Verb::request || question.verb == Verb::sample;
  if (!fits || question.words.size() < 2) {
    throw std::invalid_argument("not a request");
  }
  Request request;
  request.method = question.words[0];
  const std::string& target = question.words[1];
  const std::size_t mark = target.find(unix_mark);
  if (mark == 0 ||
      (mark != std::string::npos && target[mark - 1] == '+' && target.find(':') > mark)) {
    read_unix_target(target, mark, request);
  } else {
    read_inet_target(target, request);
  }
  if (request.scheme == "tcp" && request.path.empty()) request.path = "/";
  for (std::size_t i = 2; i < question.words.size(); ++i) {
    const std::string& word = question.words[i];
    if (question.verb == Verb::sample && starts_with(word, "count=")) continue;
    read_option(word, request);
  }
  return request;
}

}  // namespace hopcheck
