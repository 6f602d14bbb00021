// How a service ended, in words: systemd.exec(5), "Process Exit Codes".
#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "hopcheck/unit.h"

namespace hopcheck {
namespace {

struct Code {
  int number{0};
  std::string_view name{};
  std::string_view meaning{};
};

constexpr std::array codes{
    Code{200, "CHDIR", "its WorkingDirectory could not be entered"},
    Code{201, "NICE", "its scheduling priority could not be set"},
    Code{202, "FDS", "file descriptors could not be closed or passed on"},
    Code{203, "EXEC", "the program could not be run"},
    Code{204, "MEMORY", "there was not enough memory"},
    Code{205, "LIMITS", "a resource limit could not be set"},
    Code{206, "OOM_ADJUST", "its OOMScoreAdjust could not be set"},
    Code{207, "SIGNAL_MASK", "the signal mask could not be set"},
    Code{208, "STDIN", "its standard input could not be set up"},
    Code{209, "STDOUT", "its standard output could not be set up"},
    Code{210, "CHROOT", "its root directory could not be entered"},
    Code{211, "IOPRIO", "its I/O priority could not be set"},
    Code{212, "TIMERSLACK", "its timer slack could not be set"},
    Code{213, "SECUREBITS", "its secure bits could not be set"},
    Code{214, "SETSCHEDULER", "its CPU scheduler could not be set"},
    Code{215, "CPUAFFINITY", "its CPU affinity could not be set"},
    Code{216, "GROUP", "its group could not be taken on or does not exist"},
    Code{217, "USER", "its user could not be taken on or does not exist"},
    Code{218, "CAPABILITIES", "its capabilities could not be set"},
    Code{219, "CGROUP", "its control group could not be set up"},
    Code{220, "SETSID", "its session could not be made"},
    Code{221, "CONFIRM", "its start was refused at the console"},
    Code{222, "STDERR", "its standard error could not be set up"},
    Code{224, "PAM", "its PAM session could not be opened"},
    Code{225, "NETWORK", "its network namespace could not be set up"},
    Code{226, "NAMESPACE", "its file system namespace could not be set up"},
    Code{227, "NO_NEW_PRIVILEGES", "it could not give up new privileges"},
    Code{228, "SECCOMP", "its system call filter could not be set"},
    Code{229, "SELINUX_CONTEXT", "its SELinux context could not be set"},
    Code{230, "PERSONALITY", "its execution domain could not be set"},
    Code{231, "APPARMOR_PROFILE", "its AppArmor profile could not be set"},
    Code{232, "ADDRESS_FAMILIES", "its address families could not be restricted"},
    Code{233, "RUNTIME_DIRECTORY", "its runtime directory could not be made"},
    Code{235, "CHOWN", "the owner of its socket could not be set"},
    Code{236, "SMACK_PROCESS_LABEL", "its SMACK label could not be set"},
    Code{237, "KEYRING", "its kernel keyring could not be set up"},
    Code{238, "STATE_DIRECTORY", "its state directory could not be made"},
    Code{239, "CACHE_DIRECTORY", "its cache directory could not be made"},
    Code{240, "LOGS_DIRECTORY", "its log directory could not be made"},
    Code{241, "CONFIGURATION_DIRECTORY", "its configuration directory could not be made"},
    Code{242, "NUMA_POLICY", "its NUMA policy could not be set"},
    Code{243, "CREDENTIALS", "its credentials could not be set up"},
};

struct SignalName {
  int number{0};
  std::string_view name{};
};

std::string signal_text(int number) {
  static constexpr std::array names{SignalName{SIGHUP, "SIGHUP"},   SignalName{SIGINT, "SIGINT"},
                                    SignalName{SIGQUIT, "SIGQUIT"}, SignalName{SIGILL, "SIGILL"},
                                    SignalName{SIGTRAP, "SIGTRAP"}, SignalName{SIGABRT, "SIGABRT"},
                                    SignalName{SIGBUS, "SIGBUS"},   SignalName{SIGFPE, "SIGFPE"},
                                    SignalName{SIGKILL, "SIGKILL"}, SignalName{SIGUSR1, "SIGUSR1"},
                                    SignalName{SIGSEGV, "SIGSEGV"}, SignalName{SIGUSR2, "SIGUSR2"},
                                    SignalName{SIGPIPE, "SIGPIPE"}, SignalName{SIGALRM, "SIGALRM"},
                                    SignalName{SIGTERM, "SIGTERM"}, SignalName{SIGXCPU, "SIGXCPU"},
                                    SignalName{SIGXFSZ, "SIGXFSZ"}, SignalName{SIGSYS, "SIGSYS"}};
  const auto found = std::find_if(names.begin(), names.end(),
                                  [number](const SignalName& one) { return one.number == number; });
  return found != names.end() ? fmt::format("{} ({})", found->name, number)
                              : fmt::format("signal {}", number);
}

// Result= of a unit whose main process never ended, or never was.
std::string without_exit(const std::string& result) {
  if (result == "timeout") return "it did not start in time";
  if (result == "start-limit-hit") return "it was started too often in a short time";
  if (result == "resources") return "systemd could not prepare its start";
  if (result == "protocol") return "it ended before it said that it was ready";
  if (result == "watchdog") return "it stopped answering systemd's watchdog";
  if (result == "oom-kill") return "killed for lack of memory";
  if (result == "exec-condition") return "its ExecCondition refused the start";
  return result.empty() || result == "success" ? "it did not start" : result;
}

}  // namespace

std::string exit_words(const UnitState& state) {
  if (state.exit_code == 2 || state.exit_code == 3) {
    return "killed by " + signal_text(state.exit_status) +
           (state.exit_code == 3 ? ", core dumped" : "") +
           (state.result == "oom-kill" ? ", for lack of memory" : "");
  }
  if (state.exit_code != 1) return without_exit(state.result);
  const auto found = std::find_if(codes.begin(), codes.end(), [&](const Code& code) {
    return code.number == state.exit_status;
  });
  if (found == codes.end()) return fmt::format("exited with status {}", state.exit_status);
  return fmt::format("status {}/{}: {}", found->number, found->name, found->meaning);
}

}  // namespace hopcheck
