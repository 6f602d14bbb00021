// This machine: commands, processes, listeners, requests.
#include "host/live.h"

#include <atomic>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "as_user.h"
#include "folder.h"
#include "host/live/command.h"
#include "host/live/listeners.h"
#include "host/live/processes.h"
#include "host/tables.h"
#include "test.h"

using namespace hopcheck;

namespace {

Answer ask_live(const Question& question, LiveOptions options = {}) {
  Deadline deadline(20000);
  return make_live_host(deadline, options)->ask(question);
}

Answer shell(const std::string& script, int limit_ms = 10000) {
  Deadline deadline(20000);
  return live::run_program("/bin/sh", {"sh", "-c", script}, limit_ms, deadline);
}

}  // namespace

TEST_CASE("a command's output and end") {
  const CommandResult result =
      decode_command(shell("echo out; echo err >&2; cat; pwd; exit 3").text);
  CHECK(result.exit_code == 3);
  CHECK(result.out == "out\n/\n");
  CHECK(result.err == "err\n");
  CHECK(decode_command(shell("kill -9 $$").text).signal == 9);
  CHECK(decode_command(shell("env | grep -c '^HOPCHECK_TEST_LEAK='").text).out == "0\n");
}

TEST_CASE("a command that never ends is killed with all its children") {
  const test::Folder folder;
  const std::string pid_file = folder / "pid";
  const Answer answer = shell("sleep 1000 & echo $! > " + pid_file + "; sleep 1000", 300);
  CHECK(answer.why.why == Unseen::Why::timed_out);
  std::ifstream file(pid_file);
  int grandchild = 0;
  file >> grandchild;
  REQUIRE(grandchild > 1);
  // It is reaped by whoever adopted it; until then it is a zombie.
  bool gone = false;
  for (int i = 0; i < 500 && !gone; ++i) {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string line;
    std::getline(stat, line);
    gone = line.empty() || line.find(") Z ") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(gone);
}

TEST_CASE("a grandchild that keeps the pipes does not keep us") {
  const Answer answer = shell("sleep 1000 & echo done");
  REQUIRE(answer.status == Answer::Status::present);
  CHECK(decode_command(answer.text).out == "done\n");
}

TEST_CASE("a flood of output is cut") {
  const Answer answer = shell("head -c 5000000 /dev/zero | tr '\\0' 'x'");
  CHECK(answer.truncated_at == 1 << 20);
  CHECK(decode_command(answer.text).out.size() == (1 << 20) + 1);
  CHECK(shell("yes", 200).why.why == Unseen::Why::timed_out);
}

TEST_CASE("an interruption ends a command at once") {
  Deadline deadline(60000);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    deadline.interrupt();
  });
  const Answer answer = live::run_program("/bin/sh", {"sh", "-c", "sleep 1000"}, 60000, deadline);
  other.join();
  CHECK(answer.why.why == Unseen::Why::timed_out);
  CHECK(deadline.interrupted());
  CHECK(deadline.left_ms() == 0);
}

TEST_CASE("only programs of root are run") {
  const test::Folder folder;
  const std::string program = folder.write("nginx", "#!/bin/sh\necho never\n");
  chmod(program.c_str(), 0755);
  // /tmp can be written by everyone.
  CHECK(ask_live(ask::run({program, "-t"})).why.why == Unseen::Why::failed);
  CHECK(live::distrust("/bin/sh").empty());
  CHECK_FALSE(live::distrust(program).empty());
  CHECK_FALSE(live::distrust("/usr/bin").empty());
  CHECK(ask_live(ask::run({"sh", "-c", "echo never"})).why.why == Unseen::Why::failed);
  CHECK(ask_live(ask::run({"/bin/sh", "-c", "echo never"})).why.why == Unseen::Why::failed);
  CHECK(ask_live(ask::run({"/nonexistent/nginx", "-v"})).status == Answer::Status::unseen);
}

TEST_CASE("this process is in the table") {
  const Answer answer = ask_live(ask::processes());
  bool found = false;
  for (const Process& process : decode_processes(answer.text)) {
    if (process.pid != getpid()) continue;
    found = true;
    CHECK(process.parent == getppid());
    CHECK(*process.exe == std::filesystem::read_symlink("/proc/self/exe").string());
    CHECK(process.started > 1'700'000'000);
    if (test::is_root()) CHECK(process.credentials.user == "root");
    if (test::is_root()) CHECK(process.credentials.bypasses_modes);
    CHECK_FALSE(process.argv.empty());
  }
  CHECK(found);
}

TEST_CASE("an app server's environment, its allowed names only") {
  setenv("GUNICORN_CMD_ARGS", "--workers 3", 1);
  setenv("SECRET_KEY", "never", 1);
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "gunicorn: master", "1000", nullptr);
    _exit(1);
  }
  unsetenv("GUNICORN_CMD_ARGS");
  unsetenv("SECRET_KEY");
  const auto find = [&](const std::string& text) {
    for (Process& process : decode_processes(text)) {
      if (process.pid == child && !process.argv.empty() && process.argv[0] == "gunicorn: master")
        return process;
    }
    return Process{};
  };
  Process process;
  for (int i = 0; i < 500 && process.pid == 0; ++i) process = find(ask_live(ask::processes()).text);
  REQUIRE(process.pid == child);
  CHECK(process.environment->at("GUNICORN_CMD_ARGS") == "--workers 3");
  CHECK(process.environment->count("SECRET_KEY") == 0);
  if (test::is_root()) {
    const std::string seen = test::as_nobody([&] {
      const Process other = find(ask_live(ask::processes()).text);
      return std::string(other.environment.seen() ? "seen " : "unseen ") +
             (other.exe.seen() ? "seen " : "unseen ") + other.credentials.user;
    });
    CHECK(seen == "unseen unseen root");
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_CASE("processes that come and go while we look") {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      const pid_t child = fork();
      if (child == 0) _exit(0);
      waitpid(child, nullptr, 0);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const Answer answer = ask_live(ask::processes());
    CHECK(answer.missing.empty());
    CHECK_NOTHROW(decode_processes(answer.text));
  }
  stop = true;
  other.join();
}

TEST_CASE("the unit of a control group") {
  CHECK(live::unit_of_cgroup("0::/system.slice/shop.service\n") == "shop.service");
  CHECK(
      live::unit_of_cgroup("9:name=systemd:/system.slice/shop.service/worker\n8:pids:/\n0::/\n") ==
      "shop.service");
  CHECK(live::unit_of_cgroup("0::/user.slice/user-1.slice/user@1.service/app.slice/x.scope\n") ==
        "x.scope");
  CHECK(live::unit_of_cgroup("4:memory:/a.service\n0::/\n").empty());
  CHECK(live::unit_of_cgroup("").empty());
  CHECK(live::unit_of_cgroup("::").empty());
}

namespace {

// A listening socket on a free port of 127.0.0.1.
int listen_on(int& port, int backlog = 7) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0 || listen(fd, backlog) != 0) return -1;
  getsockname(fd, generic, &size);
  port = ntohs(address.sin_port);
  return fd;
}

int listen_at(const std::string& path, int backlog = 5) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (!path.empty() && path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                                           (path[0] == '@' ? 0 : 1));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd, backlog) != 0)
    return -1;
  return fd;
}

Listener find(const Answer& answer, int port, const std::string& path) {
  for (Listener& listener : decode_listeners(answer.text)) {
    const bool tcp = listener.kind == Listener::Kind::tcp;
    if (tcp ? listener.port == port : listener.path == path) return listener;
  }
  return {};
}

}  // namespace

TEST_CASE("listeners with queue and holders") {
  const test::Folder folder;
  int port = 0;
  const int tcp = listen_on(port);
  const int at_path = listen_at(folder / "a b.sock");
  const int abstract = listen_at("@hopcheck test " + std::to_string(getpid()));
  REQUIRE(tcp >= 0);
  REQUIRE(at_path >= 0);
  REQUIRE(abstract >= 0);
  const Answer answer = ask_live(ask::listeners());
  const Listener by_port = find(answer, port, "?");
  CHECK(by_port.address == "127.0.0.1");
  CHECK(by_port.backlog == 7);
  CHECK(by_port.pids.seen_items() == std::vector<int>{getpid()});
  const Listener by_path = find(answer, -1, folder / "a b.sock");
  CHECK(by_path.kind == Listener::Kind::unix_stream);
  CHECK(by_path.backlog == 5);
  CHECK(by_path.pids.seen_items() == std::vector<int>{getpid()});
  CHECK(find(answer, -1, "@hopcheck test " + std::to_string(getpid())).pids.seen_items().size() ==
        1);
  if (test::is_root()) {
    const std::string text = test::as_nobody([&] {
      for (const int fd : {tcp, at_path, abstract}) close(fd);  // or it would hold them itself
      const Answer other = ask_live(ask::listeners());
      const Listener listener = find(other, port, "?");
      return std::string(listener.pids.complete() ? "complete " : "missing ") +
             (other.missing.empty() ? ""
                                    : other.missing[0].what.substr(0, 10) + other.missing[0].needs);
    });
    CHECK(text == "missing owners of root");
  }
  for (const int fd : {tcp, at_path, abstract}) close(fd);
}

TEST_CASE("tables of /proc, where the kernel's diagnosis is missing") {
  const auto tcp = live::listeners_of_tcp(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  0        0 "
      "4242 1 x 100 0 0 10 0\n"
      "   1: 00000000:0050 00000000:0000 01 00000000:00000000 00:00000000 00000000  0        0 1 1 "
      "x 100 0 0 10 0\n"
      "   2: 00000000:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 1 1 "
      "x 100 0 0 10 0\n");
  REQUIRE(tcp.size() == 1);
  CHECK(tcp[0].listener.address == "127.0.0.1");
  CHECK(tcp[0].listener.port == 8080);
  CHECK(tcp[0].listener.queued == 3);
  CHECK(tcp[0].inode == 4242);
  const auto tcp6 = live::listeners_of_tcp(
      "header\n   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 "
      "0A "
      "00000000:00000000 00:00000000 00000000  0        0 7 1 x\n");
  REQUIRE(tcp6.size() == 1);
  CHECK(tcp6[0].listener.address == "::1");
  const auto unix_sockets = live::listeners_of_unix(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 99 /run/a b.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 98 /run/a b.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0005 01 97 /run/seq.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 96 @abstract\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 95\n");
  REQUIRE(unix_sockets.size() == 2);
  CHECK(unix_sockets[0].listener.path == "/run/a b.sock");
  CHECK(unix_sockets[0].inode == 99);
  CHECK(unix_sockets[1].listener.path == "@abstract");
  CHECK(live::listeners_of_tcp("").empty());
  CHECK(live::listeners_of_tcp("x\n0A").empty());
  CHECK(live::listeners_of_unix("x\n\n  \n").empty());
}

TEST_CASE("who this machine is") {
  const Identity identity = decode_identity(ask_live(ask::identity()).text);
  CHECK_FALSE(identity.name.empty());
  CHECK_FALSE(identity.kernel.empty());
  if (test::is_root()) CHECK(identity.user == "root");
  for (const HostAddress& address : identity.addresses) {
    CHECK(address.address != "127.0.0.1");
    CHECK(address.address.find("fe80") == std::string::npos);
  }
  const Clock clock = decode_clock(ask_live(ask::now()).text);
  CHECK(clock.boot > 0);
  CHECK(clock.now > clock.boot);
  if (test::is_root()) {
    const auto user = test::as_nobody([] {
      const Identity nobody = decode_identity(ask_live(ask::identity()).text);
      return nobody.user + (nobody.privileged ? " privileged" : "");
    });
    CHECK((user == "nobody" || user == "65534"));
  }
}

TEST_CASE("names resolve within their limit") {
  const Answer local = ask_live(ask::resolve("localhost"));
  CHECK(local.text.find("127.0.0.1\n") != std::string::npos);
  CHECK(ask_live(ask::resolve("192.0.2.7")).text == "192.0.2.7\n");
  CHECK(ask_live(ask::settings()).why.why == Unseen::Why::not_captured);
}

TEST_CASE("a run that is over answers at once") {
  Deadline deadline(20000);
  const auto host = make_live_host(deadline);
  deadline.interrupt();
  for (const Question& question :
       {ask::read("/etc/passwd"), ask::run({"nginx", "-v"}), ask::resolve("localhost")}) {
    INFO(question.key());
    const Answer answer = host->ask(question);
    CHECK(answer.status == Answer::Status::unseen);
    CHECK(
        (answer.why.why == Unseen::Why::timed_out || answer.why.why == Unseen::Why::not_installed));
  }
}

TEST_CASE("forged headers are sent only where that is asked for") {
  Request request;
  request.socket = "/nonexistent/forged.sock";
  request.sent_as = kCrafted;
  const auto why = [&](LiveOptions options) {
    const Answer answer = ask_live(ask::request(request), options);
    return answer.status == Answer::Status::unseen ? answer.why.what : answer.text;
  };
  CHECK(why({}) == "crafted headers are sent with --probe full only");
  CHECK(why({true, true}).rfind("failed no_socket", 0) == 0);
  CHECK(why({false, true}) == "--probe none");
}
