// The configuration file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnosis/diagnose.h"
#include "hopcheck/settings.h"

namespace hopcheck::cli {

/// What the file says; settings that it leaves out are From::default_ and empty.
struct Config {
  std::string file{};  ///< "" : none in use
  std::vector<Target> targets{};
  std::vector<Ignore> ignores{};
};

/// Throws UsageError with FILE:LINE:COLUMN for anything that the file may not say.
Config parse_config(const std::string& file, const std::string& text);

/// Reads `named`, else /etc/hopcheck.toml where there is one.
Config load_config(const std::optional<std::string>& named);

}  // namespace hopcheck::cli
