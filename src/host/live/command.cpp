// Programs that may be run, and running them so that nothing can hang.
#include "host/live/command.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/live/walk.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t output_cap = std::size_t{1} << 20;
constexpr int slice_ms = 20;  // between looks at a child where pidfd_open is missing

std::optional<std::string> find_program(const std::string& name) {
  constexpr std::array<const char*, 6> folders{
      "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/nginx/sbin"};
  for (const char* folder : folders) {
    const std::string path = std::string(folder) + "/" + name;
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return path;
  }
  return std::nullopt;
}

// By name one of these; by path only an nginx, which people build and put where they like.
bool is_allowed(const std::string& name) {
  constexpr std::array<const char*, 8> names{"nginx",
                                             "systemctl",
                                             "journalctl",
                                             "nft",
                                             "iptables-nft-save",
                                             "ip6tables-nft-save",
                                             "iptables-legacy-save",
                                             "ip6tables-legacy-save"};
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  constexpr std::string_view nginx = "/nginx";
  return starts_with(name, "/") && name.size() > nginx.size() &&
         std::string_view(name).substr(name.size() - nginx.size()) == nginx;
}

class SpawnActions {
 public:
  SpawnActions(int out, int err) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_adddup2(&actions_, err, 2);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    constexpr int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  int spawn(const std::string& program, std::vector<std::string> argv, pid_t& pid) {
    std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                         "LC_ALL=C",
                                         "HOME=/",
                                         "TERM=dumb",
                                         "SYSTEMD_COLORS=0",
                                         "SYSTEMD_PAGER=",
                                         "SYSTEMD_LESS=",
                                         "SYSTEMD_URLIFY=0",
                                         "PAGER=cat"};
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, pointers(argv).data(),
                       pointers(environment).data());
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// A child that runs: reads what it says until it has ended.
class Child {
 public:
  Child(pid_t pid, Fd out, Fd err)
      : pid_(pid),
        handle_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
        out_(std::move(out)),
        err_(std::move(err)) {
    fcntl(out_.get(), F_SETFL, O_NONBLOCK);
    fcntl(err_.get(), F_SETFL, O_NONBLOCK);
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// False where the limit struck first.
  bool wait(steady_clock::time_point limit, const Deadline& deadline) {
    while (!has_ended()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(limit - steady_clock::now()).count();
      if (left <= 0 || deadline.passed()) return false;
      const long long most = handle_.open() ? left : std::min<long long>(left, slice_ms);
      std::array<pollfd, 4> polled{{{out_.get(), POLLIN, 0},
                                    {err_.get(), POLLIN, 0},
                                    {handle_.get(), POLLIN, 0},
                                    {deadline.wake_fd(), POLLIN, 0}}};
      poll(polled.data(), polled.size(), static_cast<int>(most));
      if (polled[0].revents != 0) drain(out_, result_.out);
      if (polled[1].revents != 0) drain(err_, result_.err);
    }
    // A grandchild may keep the pipes open for ever: what is in them now is all.
    drain(out_, result_.out);
    drain(err_, result_.err);
    return true;
  }

  /// Kills what is left of the group and reaps the child.
  CommandResult end() {
    if (pid_ <= 0) return std::move(result_);
    kill(-pid_, SIGKILL);
    int status = 0;
    pid_t got = 0;
    do {
      got = waitpid(pid_, &status, 0);
    } while (got < 0 && errno == EINTR);
    pid_ = -1;
    if (got > 0 && WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (got > 0 && WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
    return std::move(result_);
  }
  bool truncated() const { return truncated_; }

 private:
  // Leaves it unreaped, so that its number stays the group's.
  bool has_ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid_;
  }

  // At most what a pipe holds and a little, so that a flood cannot keep us here.
  void drain(Fd& fd, std::string& text) {
    std::array<char, 65536> buffer;
    for (int rounds = 0; rounds < 16 && fd.open(); ++rounds) {
      const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) {
        fd.reset();
        return;
      }
      const auto size = static_cast<std::size_t>(got);
      const std::size_t room = output_cap - std::min(text.size(), output_cap);
      text.append(buffer.data(), std::min(size, room));
      truncated_ = truncated_ || size > room;
    }
  }

  pid_t pid_;
  Fd handle_;
  Fd out_;
  Fd err_;
  CommandResult result_{};
  bool truncated_{false};
};

}  // namespace

std::string distrust(const std::string& program) {
  const RawWalk walk = raw_walk("", program);
  if (walk.error != 0) return walk.at + ": " + error_text(walk.error);
  for (const RawStep& step : walk.steps) {
    if (step.absent) return step.path + " does not exist";
    if (step.status.st_uid != 0) return step.path + " does not belong to root";
    if (!S_ISLNK(step.status.st_mode) && (step.status.st_mode & 022) != 0) {
      return step.path + " can be written by others than root";
    }
  }
  return S_ISREG(walk.steps.back().status.st_mode) ? "" : program + " is not a program";
}

Answer run_program(const std::string& program, const std::vector<std::string>& argv, int limit_ms,
                   const Deadline& deadline) {
  const auto limit = steady_clock::now() + std::chrono::milliseconds(limited(&deadline, limit_ms));
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0) return failure(errno, program);
  Fd out_read(out[0]);
  Fd out_write(out[1]);
  if (pipe2(err.data(), O_CLOEXEC) != 0) return failure(errno, program);
  Fd err_read(err[0]);
  Fd err_write(err[1]);
  pid_t pid = -1;
  const int error = SpawnActions(out_write.get(), err_write.get()).spawn(program, argv, pid);
  if (error == ENOENT) return Answer::unseen({Unseen::Why::not_installed, program, ""});
  if (error != 0) return failure(error, program);
  out_write.reset();
  err_write.reset();
  Child child(pid, std::move(out_read), std::move(err_read));
  if (!child.wait(limit, deadline)) {
    child.end();
    const std::string which = deadline.interrupted() ? ": interrupted" : ": no end within ";
    return timed_out(join_words(argv) + which +
                     (deadline.interrupted() ? "" : std::to_string(limit_ms) + " ms"));
  }
  Answer answer = Answer::present(encode_command(child.end()));
  if (child.truncated()) answer.truncated_at = output_cap;
  return answer;
}

Answer run(const Question& question, const Deadline& deadline) {
  std::vector<std::string> argv = question.words;
  const std::string option = question.option("limit");
  if (!option.empty()) argv.erase(argv.begin());
  const int limit = option.empty() ? 3000 : static_cast<int>(parse_number(option, 1, 600'000));
  if (argv.empty() || !is_allowed(argv[0])) {
    return Answer::unseen(
        {Unseen::Why::failed, join_words(argv) + ": not a program that is run", ""});
  }
  const auto program = starts_with(argv[0], "/") ? std::optional(argv[0]) : find_program(argv[0]);
  if (!program)
    return Answer::unseen({Unseen::Why::not_installed, argv[0] + " is not installed", ""});
  const std::string reason = distrust(*program);
  if (!reason.empty()) {
    return Answer::unseen({Unseen::Why::failed, argv[0] + " is not run: " + reason, ""});
  }
  if (deadline.passed()) return timed_out(join_words(argv));
  return run_program(*program, argv, limit, deadline);
}

}  // namespace hopcheck::live
