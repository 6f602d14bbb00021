// What the nginx tests share: a configuration from text, a scratch folder, the real nginx.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "facts/nginx/parse.h"

namespace hopcheck::nginx::test {

/// Parses `files`; the first is /etc/nginx/nginx.conf where `main` is not given. A file whose
/// text is "DENIED" may not be read.
Config parse_files(const std::map<std::string, std::string>& files,
                   const std::string& main = "/etc/nginx/nginx.conf");
Config parse_text(const std::string& text);

/// A reader of this machine's files.
Reader disk_reader();

/// "message in file:line" of the first problem, "" for none.
std::string first_problem(const Config& config);

/// A folder under the system's temporary one, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string write(const std::string& name, const std::string& text) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_{};
};

/// Whether the real nginx is installed; warns where it is not.
bool have_nginx();
/// Runs `nginx -t` and returns what it wrote to standard error.
std::string nginx_test_output(const std::string& conf, const std::string& prefix);
/// For http {}: keeps nginx's files inside the folder; one line.
std::string http_preamble(const Scratch& scratch);

/// An nginx of our own, ended by its pid.
class RunningNginx {
 public:
  RunningNginx(const std::string& conf, const std::string& prefix, int port);
  ~RunningNginx();
  RunningNginx(const RunningNginx&) = delete;
  RunningNginx& operator=(const RunningNginx&) = delete;
  bool up() const { return up_; }

 private:
  int pid_{-1};
  bool up_{false};
};

struct Reply {
  int status{0};
  std::string location{};
  std::string body{};
};
/// Sends bytes over a plain socket and reads until nginx closes it.
Reply exchange(const std::string& address, int port, const std::string& request);
/// One request so; `host` "-": HTTP/1.0 without the header.
Reply get(const std::string& address, int port, const std::string& host, const std::string& target);
/// A TCP port that nobody listens on just now.
int free_port();

}  // namespace hopcheck::nginx::test
