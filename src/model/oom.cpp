// Processes that the kernel killed for want of memory, asked of its log.
#include "hopcheck/oom.h"

#include "model/state.h"

namespace hopcheck {

Fact<std::vector<OomKill>> oom_kills(const Deployment& host) {
  const auto& state = host.state();
  const auto result = decoded<CommandResult>(
      state.host.ask(ask::run({"journalctl", "--no-pager", "-o", "short-unix", "-n", "2000", "-k",
                               "--since=-" + std::to_string(state.since_ms / 1000) + "s"})),
      "the kernel's log", decode_command);
  if (!result.seen()) return result.unseen();
  if (result->err.find("insufficient permissions") != std::string::npos ||
      result->err.find("not seeing messages") != std::string::npos)
    return Unseen{Unseen::Why::denied, "the kernel's log", "root"};
  if (result->exit_code != 0) return Unseen{Unseen::Why::failed, "the kernel's log", {}};
  return oom_kills_in(result->out);
}

}  // namespace hopcheck
