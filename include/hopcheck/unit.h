// A systemd unit: what its file says, and what the manager says of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hopcheck/evidence.h"
#include "hopcheck/fact.h"

namespace hopcheck {

/// The manager's words for a unit (`systemctl show`).
struct UnitState {
  std::string load{};     ///< LoadState: loaded, not-found, masked, bad-setting
  std::string active{};   ///< ActiveState
  std::string sub{};      ///< SubState
  std::string result{};   ///< Result: success, exit-code, signal, start-limit-hit …
  std::string enabled{};  ///< UnitFileState
  int main_pid{0};
  int exit_code{0};    ///< ExecMainCode: 1 exited, 2 killed, 3 dumped; 0 not ended
  int exit_status{0};  ///< ExecMainStatus
  int restarts{0};     ///< NRestarts
  bool needs_daemon_reload{false};
  std::string restart{};         ///< Restart: no, on-failure, always …
  std::string kill_mode{};       ///< KillMode: control-group, mixed, process, none
  long long stop_timeout_ms{0};  ///< TimeoutStopUSec; -1: for ever, 0: not known
  long long open_files{0};       ///< LimitNOFILE; -1: no limit, 0: not known
  /// Units that start it: at boot by [Install], by a socket, a timer or a path.
  std::vector<std::string> wanted_by{};
  std::vector<std::string> triggered_by{};

  /// Failed, or waiting between two automatic restarts.
  bool is_failing() const;
};

/// How its main process ended: "exited with status 3", "killed by SIGKILL (9)", "status 203/EXEC:
/// the program could not be run"; else why it never ran, in words.
std::string exit_words(const UnitState& state);

struct Unit {
  std::string name{};  ///< "shop.service"
  std::string file{};  ///< its fragment, "" where not known
  /// Settings of the file in order: section "Service", name "ExecStart".
  struct Line {
    std::string section{};
    std::string name{};
    Located<std::string> value{};
  };
  std::vector<Line> lines{};
  Fact<UnitState> state{};

  /// The last value of that name, null where the file sets none.
  const Located<std::string>* setting(const std::string& name) const;
};

}  // namespace hopcheck
