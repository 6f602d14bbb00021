// What hopcheck says of nginx configurations, for comparisons. Reads a line each from standard
// input and answers with one on standard output:
//
//   PATH              the first problem as nginx prints it ("message in file:line"), or nothing
//   directives PATH   every directive with its file and line, as JSON
//   cuts PATH         reads every prefix of the file, and the file without each of its bytes
#include <chrono>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "facts/nginx/parse.h"
#include "facts/nginx/site.h"
#include "host/live.h"
#include "host/text.h"

using namespace hopcheck;

namespace {

constexpr int kLimitMs = 60'000;

nginx::Config read(const std::string& path) {
  Deadline deadline(kLimitMs);
  const auto host = make_live_host(deadline);
  return nginx::parse(path, path.substr(0, path.rfind('/')), nginx::reader_of(*host));
}

std::string verdict(const nginx::Config& config) {
  if (config.problems.empty()) return {};
  const auto& first = config.problems.front();
  std::string text = first.message;
  if (!first.file.empty()) text += " in " + first.file + ":" + std::to_string(first.line);
  std::string line;
  for (const char c : text) {
    if (c == '\n' || c == '\\') line += '\\';
    line += c == '\n' ? 'n' : c;
  }
  return line;
}

std::string directives(const nginx::Config& config) {
  auto all = nlohmann::json::array();
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    const auto directive = config.at(i);
    auto words = nlohmann::json::array({directive.name()});
    for (const auto word : directive.args()) words.push_back(word);
    all.push_back({config.files[directive.at().file], directive.at().line, std::move(words)});
  }
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// How many texts were read, and how long the slowest took.
std::string cuts(const std::string& path) {
  Deadline deadline(kLimitMs);
  const std::string whole = make_live_host(deadline)->ask(ask::read(path)).text;
  double slowest = 0;
  std::size_t count = 0;
  const auto look_at = [&](const std::string& text) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = [&](const std::string& name) {
      return name == path ? Answer::present(text) : Answer::absent();
    };
    const auto nothing = [](const std::string&) { return Answer::absent(); };
    const auto config = nginx::parse(path, "/", {answer, nothing});
    nginx::understand(config);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    slowest = std::max(slowest, took.count());
    ++count;
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    look_at(whole.substr(0, at));
    look_at(whole.substr(0, at) + whole.substr(at + 1));
  }
  return std::to_string(count) + " " + std::to_string(slowest);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::size_t blank = line.starts_with('/') ? std::string::npos : line.find(' ');
    const std::string path = blank == std::string::npos ? line : line.substr(blank + 1);
    if (line.starts_with("directives ")) {
      std::cout << directives(read(path)) << std::endl;
    } else if (line.starts_with("cuts ")) {
      std::cout << cuts(path) << std::endl;
    } else {
      std::cout << verdict(read(path)) << std::endl;
    }
  }
  return 0;
}
