// What a check says: a fault, where, on what grounds, and what to do. Field for field the
// report's JSON; the finding's page adds hop, severity and why.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/evidence.h"

namespace hopcheck {

enum class Severity { info, warning, error };
enum class Confidence { possible, likely, certain };
enum class When { now, on_reload, on_restart, on_reboot, on_date, under_load, if_attacked };
/// What carrying out a fix interrupts.
enum class Interrupts { nothing, reload, restart };
/// How long a fix holds.
enum class Lasts { until_restart, until_reboot, permanent };
/// Where a fix is carried out.
enum class On { host, lb, repo };

/// One line of a file replaced. An empty `remove` inserts `add` before `line`; a file that does
/// not exist is created; `line` 0 with an empty `remove` appends.
struct Edit {
  std::string file{};
  int line{0};
  std::string remove{};
  std::string add{};
};

/// One way to mend it: edits first, then commands, which are quoted for a POSIX shell.
struct Fix {
  std::string summary{};  ///< an imperative
  On on{On::host};
  std::vector<Edit> edits{};
  std::vector<std::string> commands{};
  Interrupts interrupts{Interrupts::nothing};
  Lasts lasts{Lasts::permanent};
  std::string widens{};  ///< who gains access; empty: nobody
};

/// A fault that was found.
struct Finding {
  std::string code{};  ///< declared by the check's page, which gives severity and edges
  Confidence confidence{Confidence::certain};
  When when{When::now};
  std::string title{};               ///< the thing and its values, lower case, no full stop
  std::string detail{};              ///< further sentences; may be empty
  std::vector<std::string> about{};  ///< route graph nodes, nearest first
  std::vector<Evidence> evidence{};
  std::vector<Fix> fixes{};  ///< alternatives, best first
};

/// `text` quoted for a POSIX shell, as it stands where it needs no quotes.
std::string shell_quote(const std::string& text);

}  // namespace hopcheck
