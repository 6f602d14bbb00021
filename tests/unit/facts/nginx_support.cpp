// The real nginx, and configurations from memory and from disk.
#include "nginx_support.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

namespace hopcheck::nginx::test {

namespace {

constexpr const char* kNginx = "/usr/sbin/nginx";

Answer list_of(const std::map<std::string, std::string>& files, const std::string& dir) {
  std::map<std::string, std::string> entries;
  const std::string begin = dir == "/" ? dir : dir + "/";
  for (const auto& [path, text] : files) {
    if (!path.starts_with(begin)) continue;
    const std::string rest = path.substr(begin.size());
    const auto slash = rest.find('/');
    entries[rest.substr(0, slash)] = slash == std::string::npos ? "file" : "directory";
  }
  if (entries.empty()) return Answer::absent();
  std::string out;
  for (const auto& [name, type] : entries) out += join_words({type, name}) + "\n";
  return Answer::present(out);
}

Answer list_disk(const std::string& dir) {
  std::error_code error;
  std::string out;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const bool directory = entry.is_directory() && !entry.is_symlink();
    out += join_words({directory            ? "directory"
                       : entry.is_symlink() ? "link"
                                            : "file",
                       entry.path().filename().string()}) +
           "\n";
  }
  return error ? Answer::absent() : Answer::present(out);
}

Answer read_disk(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Answer::absent();
  std::ostringstream out;
  out << in.rdbuf();
  return Answer::present(out.str());
}

int spawn(const std::vector<std::string>& argv, int out) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const int pid = fork();
  if (pid != 0) return pid;
  dup2(out, 1);
  dup2(out, 2);
  execv(pointers[0], pointers.data());
  _exit(127);
}

sockaddr_storage socket_address(const std::string& address, int port, socklen_t& size) {
  sockaddr_storage out{};
  if (address.find(':') == std::string::npos) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &v4->sin_addr);
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
    size = sizeof *v6;
  }
  return out;
}

int connected(const std::string& address, int port) {
  socklen_t size = 0;
  const sockaddr_storage to = socket_address(address, port, size);
  const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), size) == 0) return fd;
  close(fd);
  return -1;
}

std::string header_of(const std::string& text, const std::string& name) {
  const auto at = text.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return text.substr(from, text.find("\r\n", from) - from);
}

}  // namespace

Config parse_files(const std::map<std::string, std::string>& files, const std::string& main) {
  const Reader reader{[&](const std::string& path) {
                        const auto found = files.find(path);
                        if (found == files.end()) return Answer::absent();
                        if (found->second != "DENIED") return Answer::present(found->second);
                        return Answer::unseen({Unseen::Why::denied, path, "root"});
                      },
                      [&](const std::string& dir) { return list_of(files, dir); }};
  return parse(main, "/usr/share/nginx", reader);
}

Config parse_text(const std::string& text) {
  return parse_files({{"/etc/nginx/nginx.conf", text}});
}

Reader disk_reader() {
  return {read_disk, list_disk};
}

std::string first_problem(const Config& config) {
  if (config.problems.empty()) return {};
  const Problem& first = config.problems.front();
  if (first.file.empty()) return first.message;
  return first.message + " in " + first.file + ":" + std::to_string(first.line);
}

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "hopcheck-nginx-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
  chmod(path_.c_str(), 0755);
}

Scratch::~Scratch() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string Scratch::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

bool have_nginx() {
  if (access(kNginx, X_OK) == 0) return true;
  WARN("nginx is not installed: nothing to compare with");
  return false;
}

std::string nginx_test_output(const std::string& conf, const std::string& prefix) {
  int ends[2] = {-1, -1};
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const int pid = spawn({kNginx, "-t", "-e", "stderr", "-p", prefix, "-c", conf, "-g",
                         "pid " + prefix + "/test.pid;"},
                        ends[1]);
  close(ends[1]);
  std::string out;
  char chunk[4096];
  for (ssize_t n = 0; (n = read(ends[0], chunk, sizeof chunk)) > 0;) {
    out.append(chunk, static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return out;
}

std::string http_preamble(const Scratch& scratch) {
  std::string out = "access_log off;";
  for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    out += std::string(" ") + name + "_temp_path " + scratch.path() + "/" + name + ";";
  }
  return out;
}

RunningNginx::RunningNginx(const std::string& conf, const std::string& prefix, int port) {
  const std::string log = prefix + "/output";
  const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  pid_ = spawn({kNginx, "-e", "stderr", "-p", prefix, "-c", conf, "-g",
                "daemon off; pid " + prefix + "/nginx.pid;"},
               fd);
  close(fd);
  for (int i = 0; i < 200 && !up_; ++i) {
    const int probe = connected("127.0.0.1", port);
    up_ = probe >= 0;
    if (probe >= 0) close(probe);
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      WARN(read_disk(log).text);
      break;
    }
    usleep(20'000);
  }
}

RunningNginx::~RunningNginx() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

Reply exchange(const std::string& address, int port, const std::string& request) {
  Reply out;
  const int fd = connected(address, port);
  if (fd < 0) return out;
  REQUIRE(send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
  std::string text;
  char chunk[4096];
  for (ssize_t n = 0; (n = read(fd, chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<std::size_t>(n));
  }
  close(fd);
  if (text.size() < 12) return out;
  out.status = std::stoi(text.substr(9, 3));
  const auto end = text.find("\r\n\r\n");
  out.location = header_of(text.substr(0, end), "Location");
  if (end != std::string::npos) out.body = text.substr(end + 4);
  return out;
}

Reply get(const std::string& address, int port, const std::string& host,
          const std::string& target) {
  if (host == "-") return exchange(address, port, "GET " + target + " HTTP/1.0\r\n\r\n");
  return exchange(address, port,
                  "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
}

int free_port() {
  socklen_t size = 0;
  sockaddr_storage at = socket_address("0.0.0.0", 0, size);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  close(fd);
  return ntohs(reinterpret_cast<sockaddr_in*>(&at)->sin_port);
}

}  // namespace hopcheck::nginx::test
