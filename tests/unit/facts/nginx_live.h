// Asks a real nginx and our router the same, on a configuration that stands over a few files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "facts/nginx/site.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

inline FileSeen seen_on_disk(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  FileSeen out;
  if (std::filesystem::is_directory(status)) out.kind = FileSeen::Kind::directory;
  if (std::filesystem::is_regular_file(status)) out.kind = FileSeen::Kind::file;
  return out;
}

struct Question {
  std::string target{};
  std::string method{"GET"};
  std::string header{};  ///< "Name: value"
  std::string host{"a.test"};
};

inline std::string request_text(const Question& one) {
  return one.method + " " + one.target + " HTTP/1.1\r\nConnection: close\r\n" +
         (one.host == "-" ? "" : "Host: " + one.host + "\r\n") +
         (one.header.empty() ? "" : one.header + "\r\n") + "\r\n";
}

inline Asked asked_of(const Question& one, int port) {
  Asked out;
  out.address = out.client = "127.0.0.1";
  out.port = port;
  out.host = one.host == "-" ? "" : one.host;
  out.path = one.target;
  out.method = one.method;
  out.version = "1.1";
  out.headers.emplace();
  const auto colon = one.header.find(": ");
  if (colon != std::string::npos) {
    std::string name = one.header.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    (*out.headers)[name] = one.header.substr(colon + 2);
  }
  out.file = [](const std::string& path) { return Fact<FileSeen>(seen_on_disk(path)); };
  // Nobody listens where these configurations pass requests on to.
  out.answered = [](const Action&) { return PassEnd{502, true}; };
  return out;
}

/// Status, and where a redirect leads.
inline std::string told(const Reply& reply) {
  const bool redirects = reply.status > 300 && reply.status < 309;
  return std::to_string(reply.status == 0 ? 444 : reply.status) + " " +
         (redirects ? reply.location : "");
}

inline std::string told(const std::optional<Chosen>& chosen) {
  REQUIRE(chosen);
  if (!chosen->action.sure) return "not sure: " + chosen->action.reason;
  return std::to_string(chosen->action.status) + " " + chosen->action.location;
}

class Live {
 public:
  explicit Live(const std::string& http) {
    for (const char* name : {"x", "index.html", "a/x", "a/b/index.html", "d/index.html/in", "e/y",
                             "404.html", "p.html"}) {
      scratch_.write("files/" + std::string(name), name);
    }
    std::string text = http;
    for (auto at = text.find("PORT"); at != std::string::npos; at = text.find("PORT")) {
      text.replace(at, 4, std::to_string(port_));
    }
    for (auto at = text.find("HOME"); at != std::string::npos; at = text.find("HOME")) {
      text.replace(at, 4, scratch_.path());
    }
    const std::string conf = scratch_.write(
        "nginx.conf", "worker_processes 1;\nevents {}\nhttp {\n" + http_preamble(scratch_) +
                          "\nroot " + scratch_.path() + "/files;\n" + text + "}\n");
    config_ = parse(conf, scratch_.path(), disk_reader());
    REQUIRE(first_problem(config_) == "");
    site_ = understand(config_);
    nginx_.emplace(conf, scratch_.path(), port_);
    REQUIRE(nginx_->up());
  }

  void ask(const std::vector<Question>& questions) const {
    for (const Question& one : questions) {
      CAPTURE(one.method, one.target, one.header, one.host);
      const auto chosen = choose(config_, *site_, asked_of(one, port_));
      CHECK(told(chosen) == told(exchange("127.0.0.1", port_, request_text(one))));
    }
  }
  std::optional<Chosen> chosen(const Question& one) const {
    return choose(config_, *site_, asked_of(one, port_));
  }

 private:
  Scratch scratch_{};
  int port_{free_port()};
  Config config_{};
  Fact<Site> site_{};
  std::optional<RunningNginx> nginx_{};
};

}  // namespace hopcheck::nginx::test
