// The command line as it was typed, values still as text.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hopcheck::cli {

struct Options {
  std::string command{"run"};  ///< run trace capture explain list schema
  bool help{false};
  bool version{false};

  std::optional<std::string> config{};
  std::string format{"text"};
  std::vector<std::string> outputs{};
  std::vector<std::string> checks{};
  std::vector<std::string> skips{};
  std::vector<std::string> ignores{};
  std::string fail_on{"error"};
  std::string min_confidence{"likely"};
  std::string timeout{"20s"};
  std::string since{"1h"};
  std::string probe{"lb"};
  bool no_probe{false};
  bool if_present{false};
  bool require_complete{false};

  std::optional<std::string> lb_profile{};
  std::optional<std::string> lb_port{};
  std::optional<std::string> lb_path{};
  std::optional<std::string> lb_host{};
  std::optional<std::string> lb_timeout{};
  std::optional<std::string> lb_idle_timeout{};
  std::optional<std::string> lb_codes{};
  std::vector<std::string> lb_sources{};
  std::vector<std::string> clouds{};
  std::optional<std::string> nginx_conf{};
  std::optional<std::string> nginx_dump{};
  std::optional<std::string> url{};
  std::optional<std::string> target{};

  std::optional<std::string> from{};
  std::optional<std::string> root{};
  std::string color{"auto"};
  bool verbose{false};
  bool quiet{false};
  std::string operand{};  ///< trace's URL, explain's code, schema's name

  std::string method{"GET"};
  std::optional<std::string> source{};
  std::optional<std::string> address{};
  std::vector<std::string> headers{};

  int verbosity() const { return quiet ? -1 : verbose ? 1 : 0; }
};

/// Throws UsageError. `help_text` gets what --help prints for the command that was named.
Options parse_options(const std::vector<std::string>& arguments, std::string& help_text);

}  // namespace hopcheck::cli
