// The log directives of a configuration, walked once from the outermost block inwards.
#include "facts/log/log_files.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace hopcheck::log {
namespace {

using nginx::Config;
using nginx::Directive;

constexpr std::size_t kMostFiles = 12;
constexpr const char* kBuiltInAccessLog = "/var/log/nginx/access.log";
constexpr const char* kCombined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

std::string cited(const Directive& directive) {
  const Evidence from = directive.evidence();
  return fmt::format("{} ({}:{})", from.text, from.source, from.line);
}

Unseen undecidable(const std::string& what) {
  return {Unseen::Why::undecidable, what, {}};
}

class Collector {
 public:
  Collector(const Config& config, const std::string& prefix) : config_(config), prefix_(prefix) {
    found_.missing = config.missing;  // what was not read may name further logs
  }

  LogFiles take() { return std::move(found_); }

  /// An absolute path of a file, or "" after noting why there is none.
  std::string path_of(const Directive& directive) {
    const std::string name(directive.arg(0));
    if (name.starts_with("syslog:") || name == "stderr" || name.starts_with("/dev/") ||
        name.starts_with("memory:")) {
      note(undecidable("what goes to " + name.substr(0, name.find(',')) + ": " + cited(directive)));
      return {};
    }
    if (name.find('$') != std::string::npos) {
      note(undecidable("a log whose name depends on the request: " + cited(directive)));
      return {};
    }
    if (name.starts_with("/")) return name;
    if (!prefix_.empty()) return prefix_ + (prefix_.back() == '/' ? "" : "/") + name;
    note(undecidable("where a relative path begins: " + cited(directive)));
    return {};
  }

  void add(LogFile file) {
    const bool known = std::any_of(found_.files.begin(), found_.files.end(),
                                   [&](const LogFile& other) { return other.path == file.path; });
    if (known) return;
    if (found_.files.size() < kMostFiles) return found_.files.push_back(std::move(file));
    note({Unseen::Why::truncated, fmt::format("more than {} logs of one kind", kMostFiles), {}});
  }

  void note(Unseen why) {
    auto& missing = found_.missing;
    if (std::find(missing.begin(), missing.end(), why) == missing.end())
      missing.push_back(std::move(why));
  }

  const Config& config() const { return config_; }

 private:
  const Config& config_;
  std::string prefix_;
  LogFiles found_{};
};

/// Files that no load balancer asks for, and that many keep out of the log.
bool is_decoration(const Directive& block) {
  if (block.name() != "location" && block.name() != "if") return false;
  const std::string_view pattern = block.args().empty() ? "" : block.args().back();
  constexpr std::array<std::string_view, 9> names{
      "favicon", "robots", "static", "assets", "media", "css", "images", "/\\.", "well-known"};
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return pattern.find(name) != std::string_view::npos;
  });
}

class AccessLogs {
 public:
  AccessLogs(const Config& config, const std::string& prefix) : all_(config, prefix) {}

  LogFiles collect() {
    for (const Directive& top : all_.config().top()) {
      if (top.name() == "http") visit(top, false, false);
    }
    return all_.take();
  }

 private:
  // `set`: some block around has an access_log of its own.
  void visit(const Directive& block, bool set, bool in_server) {
    const auto own = block.children("access_log");
    set = set || !own.empty();
    in_server = in_server || block.name() == "server";
    for (const Directive& directive : own) use(directive, block);
    bool has_blocks = false;
    for (const Directive& child : block.children()) {
      if (!child.is_block() || child.name() == "upstream" || child.name() == "map") continue;
      has_blocks = true;
      visit(child, set, in_server);
    }
    if (!has_blocks && in_server && !set) all_.add({kBuiltInAccessLog, kCombined});
  }

  void use(const Directive& directive, const Directive& block) {
    if (directive.arg(0) == "off") {
      if (!is_decoration(block))
        all_.note(undecidable("requests that are not logged: " + cited(directive)));
      return;
    }
    std::string name = "combined";
    bool named = false;
    for (std::size_t i = 1; i < directive.args().size(); ++i) {
      const std::string_view word = directive.arg(i);
      const bool option = word.find('=') != word.npos || word == "gzip";
      if (!option && !named) name = std::string(word);
      named = named || !option;
      if (word.starts_with("if="))
        all_.note(undecidable("requests that are logged by a condition: " + cited(directive)));
      if (word.starts_with("buffer=") || word.starts_with("flush=") || word.starts_with("gzip"))
        all_.note(undecidable("lines that are written later: " + cited(directive)));
      if (word.starts_with("gzip")) return;
    }
    const std::string format = format_of(name, directive);
    if (format.empty()) return;
    const std::string path = all_.path_of(directive);
    if (!path.empty()) all_.add({path, format});
  }

  std::string format_of(const std::string& name, const Directive& directive) {
    if (name == "combined") return kCombined;
    const Config& config = all_.config();
    for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
      const Directive format = config.at(i);
      if (format.name() != "log_format" || format.arg(0) != name) continue;
      std::string text;
      for (const std::string_view word : format.args().subspan(1)) {
        if (word == "escape=none") {
          all_.note(undecidable("a log whose lines clients can forge: " + cited(format)));
          return {};
        }
        if (!word.starts_with("escape=")) text += word;
      }
      return text;
    }
    all_.note(undecidable("the format of a log: " + cited(directive)));
    return {};
  }

  Collector all_;
};

}  // namespace

LogFiles access_log_files(const Config& config, const std::string& prefix) {
  return AccessLogs(config, prefix).collect();
}

LogFiles error_log_files(const Config& config, const std::string& prefix,
                         const std::string& built_in) {
  Collector all(config, prefix);
  bool at_top = false;
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    const Directive directive = config.at(i);
    if (directive.name() != "error_log") continue;
    const std::string_view level = directive.arg(1);
    if (level == "crit" || level == "alert" || level == "emerg")
      all.note(undecidable("errors that are not written: " + cited(directive)));
    const std::string path = all.path_of(directive);
    if (!path.empty()) all.add({path, {}});
  }
  for (const Directive& top : config.top()) {
    at_top = at_top || top.name() == "error_log";
    const bool http = top.name() == "http" && top.child("error_log").has_value();
    at_top = at_top || http;
  }
  if (!at_top && built_in.starts_with("/")) all.add({built_in, {}});
  return all.take();
}

}  // namespace hopcheck::log
