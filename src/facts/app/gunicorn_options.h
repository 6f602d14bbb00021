// gunicorn's command line as argparse reads it.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace hopcheck {

/// What the words say, under the names that the settings have in a configuration file.
struct GunicornOptions {
  struct Given {
    std::string option{};  ///< as written: "--bind", "-b"
    std::string value{};
  };
  std::map<std::string, std::vector<Given>> values{};  ///< of the settings that we know, in order
  std::set<std::string> doubtful{};  ///< settings that an abbreviation may have meant
  std::string app{};                 ///< the first operand, "" for none
  bool ends_at_once{false};          ///< --help, --version, --check-config: no server
};

/// `words`: what stands after the program.
GunicornOptions gunicorn_options(std::span<const std::string> words);

}  // namespace hopcheck
