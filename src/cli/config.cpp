// Reads the configuration file: every key is known or an error, every value knows its line.
#include "cli/config.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "cli/profiles.h"
#include "cli/toml.h"
#include "cli/trusted_file.h"
#include "cli/values.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr const char* kDefaultFile = "/etc/hopcheck.toml";
constexpr std::size_t kLargest = 1U << 20U;

using Names = std::vector<std::string>;

/// A table of the file, with the name that messages give it.
class Section {
 public:
  Section(const toml::table& table, std::string name, const std::string& file)
      : table_(table), name_(std::move(name)), file_(file) {}

  std::string key(std::string_view name) const {
    return name_.empty() ? std::string(name) : fmt::format("{}.{}", name_, name);
  }
  std::string place(const toml::source_region& region) const {
    return fmt::format("{}:{}:{}", file_, region.begin.line, region.begin.column);
  }
  [[noreturn]] void wrong(const toml::node& node, std::string_view name,
                          const std::string& what) const {
    throw UsageError(place(node.source()), fmt::format("{}: {}", key(name), what));
  }

  /// Refuses every key that is not in `known`; `elsewhere` are known ones of tables further in.
  void require_known(const Names& known, const Names& elsewhere = {}) const {
    for (const auto& [name, node] : table_) {
      const std::string word(name.str());
      if (std::find(known.begin(), known.end(), word) != known.end()) continue;
      const auto inner = std::find_if(
          elsewhere.begin(), elsewhere.end(),
          [&](const std::string& path) { return path.substr(path.rfind('.') + 1) == word; });
      const Names candidates = inner != elsewhere.end() ? Names{*inner} : known;
      throw UsageError(place(name.source()),
                       fmt::format("unknown key {}{}", key(word), did_you_mean(word, candidates)));
    }
  }

  const toml::node* find(std::string_view name) const { return table_.get(name); }
  const toml::table* table(std::string_view name) const {
    const toml::node* node = find(name);
    if (node != nullptr && !node->is_table())
      wrong(*node, name, fmt::format("expected a table, [{}]", key(name)));
    return node == nullptr ? nullptr : node->as_table();
  }
  Section inner(std::string_view name) const { return {*table(name), key(name), file_}; }

  /// The node's text; `example` shows what was expected.
  std::string text(const toml::node& node, std::string_view name, std::string_view example) const {
    if (const auto* value = node.as_string()) return value->get();
    wrong(node, name, fmt::format("expected a string such as \"{}\"", example));
  }
  std::string place_of(const toml::node& node, std::string_view name) const {
    return fmt::format("{}: {}", place(node.source()), key(name));
  }

  /// Fills a setting where the file has it; `convert` makes the value of node and place.
  template <class T, class Convert>
  void set(Setting<T>& setting, std::string_view name, Convert&& convert) const {
    const toml::node* node = find(name);
    if (node == nullptr) return;
    setting.value = convert(*node, place_of(*node, name));
    setting.from = From::config;
    setting.source = fmt::format("{}:{}", file_, node->source().begin.line);
  }
  template <class T, class Parse>
  void set_text(Setting<T>& setting, std::string_view name, std::string_view example,
                Parse&& parse) const {
    set(setting, name, [&](const toml::node& node, const std::string& place) {
      return parse(place, text(node, name, example));
    });
  }
  void set_number(Setting<int>& setting, std::string_view name, int least, int most) const {
    set(setting, name, [&](const toml::node& node, const std::string&) {
      const auto* value = node.as_integer();
      if (value == nullptr)
        wrong(node, name, fmt::format("expected a number such as {}", std::max(least, 2)));
      if (value->get() < least || value->get() > most) {
        wrong(node, name,
              fmt::format("expected a number from {} to {}, not {}", least, most, value->get()));
      }
      return static_cast<int>(value->get());
    });
  }
  void set_duration(Setting<int>& setting, std::string_view name) const {
    set(setting, name, [&](const toml::node& node, const std::string& place) {
      if (const auto* seconds = node.as_integer())
        return parse_duration(place, std::to_string(seconds->get()));
      if (const auto* seconds = node.as_floating_point())
        return parse_duration(place, fmt::format("{:.6f}", seconds->get()));
      return parse_duration(place, text(node, name, "5s"));
    });
  }
  Names texts(const toml::node& node, std::string_view name, std::string_view example) const {
    const auto* array = node.as_array();
    if (array == nullptr)
      wrong(node, name, fmt::format("expected a list such as [\"{}\"]", example));
    Names all;
    for (const auto& item : *array) all.push_back(text(item, name, example));
    return all;
  }

 private:
  const toml::table& table_;
  std::string name_;
  const std::string& file_;
};

const Names kHealthCheck = {"protocol",
                            "port",
                            "path",
                            "host",
                            "timeout",
                            "interval",
                            "healthy_threshold",
                            "unhealthy_threshold",
                            "codes"};

std::string as_it_stands(const std::string&, const std::string& text) {
  return text;
}

auto one_of(const Names& words) {
  return [words](const std::string& place, const std::string& text) {
    return parse_word(place, text, words);
  };
}

void read_health_check(const Section& section, LbSettings& lb) {
  section.require_known(kHealthCheck);
  section.set_text(lb.protocol, "protocol", "http", one_of({"http", "https", "tcp"}));
  section.set_number(lb.port, "port", 1, 65535);
  section.set_text(lb.path, "path", "/health", parse_url_path);
  section.set_text(lb.host, "host", "shop.example.com",
                   [](const std::string& place, const std::string& text) {
                     return std::optional<std::string>(parse_host(place, text));
                   });
  section.set_duration(lb.timeout_ms, "timeout");
  section.set_duration(lb.interval_ms, "interval");
  section.set_number(lb.healthy_threshold, "healthy_threshold", 1, 1000);
  section.set_number(lb.unhealthy_threshold, "unhealthy_threshold", 1, 1000);
  section.set_text(lb.codes, "codes", "200", parse_status_codes);
}

void read_lb(const Section& section, LbSettings& lb) {
  Names deeper;
  for (const auto& name : kHealthCheck) deeper.push_back(section.key("health_check." + name));
  section.require_known({"profile", "sources", "idle_timeout", "proxies", "health_check"}, deeper);
  section.set_text(lb.profile, "profile", "aws-alb", one_of(profile_names()));
  section.set(lb.sources, "sources", [&](const toml::node& node, const std::string& place) {
    Names networks = section.texts(node, "sources", "10.0.0.0/8");
    for (auto& network : networks) network = parse_network(place, network);
    return networks;
  });
  section.set_duration(lb.idle_timeout_ms, "idle_timeout");
  section.set_number(lb.proxies, "proxies", 0, 100);
  if (section.table("health_check") != nullptr)
    read_health_check(section.inner("health_check"), lb);
}

void read_site(const Section& section, SiteSettings& site) {
  section.require_known({"url"});
  section.set_text(site.url, "url", "https://shop.example.com/", parse_url);
}

void read_app(const Section& section, AppSettings& app) {
  section.require_known({"server", "unit", "directory"});
  section.set_text(app.server, "server", "gunicorn",
                   one_of({"gunicorn", "uwsgi", "uvicorn", "waitress", "flask"}));
  section.set_text(app.unit, "unit", "shop.service", as_it_stands);
  section.set_text(app.directory, "directory", "/srv/shop",
                   [](const std::string& place, const std::string& text) {
                     if (text.empty() || text.front() != '/')
                       throw UsageError(place, "expected an absolute path such as \"/srv/shop\"");
                     return text;
                   });
}

Target read_target(const Section& section, std::string name) {
  Target target;
  target.name = std::move(name);
  if (section.table("lb") != nullptr) read_lb(section.inner("lb"), target.lb);
  if (section.table("site") != nullptr) read_site(section.inner("site"), target.site);
  if (section.table("app") != nullptr) read_app(section.inner("app"), target.app);
  return target;
}

/// Calls `read` with each table of [[name]].
template <class Read>
void each_table(const Section& top, std::string_view name, const std::string& file, Read&& read) {
  const toml::node* node = top.find(name);
  if (node == nullptr) return;
  const auto* array = node->as_array();
  if (array == nullptr) top.wrong(*node, name, fmt::format("expected tables, [[{}]]", name));
  for (const auto& item : *array) {
    if (!item.is_table()) top.wrong(item, name, fmt::format("expected tables, [[{}]]", name));
    read(*item.as_table(), Section(*item.as_table(), std::string(name), file));
  }
}

std::string required(const Section& section, const toml::table& table, std::string_view name,
                     std::string_view example) {
  const toml::node* node = section.find(name);
  if (node == nullptr) {
    throw UsageError(section.place(table.source()),
                     fmt::format("{} is missing, such as \"{}\"", section.key(name), example));
  }
  std::string text = section.text(*node, name, example);
  if (text.empty()) section.wrong(*node, name, "may not be empty");
  return text;
}

void read_targets(const Section& top, const std::string& file, Config& config) {
  each_table(top, "target", file, [&](const toml::table& table, const Section& section) {
    section.require_known({"name", "lb", "site", "app"});
    const std::string name = required(section, table, "name", "shop");
    const bool known = std::any_of(config.targets.begin(), config.targets.end(),
                                   [&](const Target& t) { return t.name == name; });
    if (known)
      section.wrong(*section.find("name"), "name", "another target has the name '" + name + "'");
    config.targets.push_back(read_target(section, name));
  });
  if (config.targets.empty()) {
    config.targets.push_back(read_target(top, "default"));
    return;
  }
  for (const char* name : {"lb", "site", "app"}) {
    if (const auto* node = top.find(name))
      top.wrong(*node, name, "stands beside [[target]]; put it under one of them");
  }
}

void read_ignores(const Section& top, const std::string& file, Config& config) {
  each_table(top, "ignore", file, [&](const toml::table& table, const Section& section) {
    section.require_known({"code", "about", "reason", "until"});
    Ignore ignore;
    ignore.code = required(section, table, "code", "nginx.upstream-member-down");
    ignore.reason = required(section, table, "reason", "catch-all on purpose");
    if (section.find("about") != nullptr)
      ignore.about = required(section, table, "about", "server:_");
    ignore.source = fmt::format("{}:{}", file, table.source().begin.line);
    if (const auto* until = section.find("until")) {
      const auto* date = until->as_date();
      if (date == nullptr)
        section.wrong(*until, "until", "expected a date such as 2027-01-01, without quotes");
      const toml::date day = date->get();
      ignore.until = fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
    }
    config.ignores.push_back(std::move(ignore));
  });
}

/// Only preflight uses it; here it is held to its form.
void check_preflight(const Section& section) {
  section.require_known({"nginx", "gunicorn", "units", "lb"});
  for (const auto& [name, example] : {std::pair{"nginx", "deploy/nginx/*.conf"},
                                      {"units", "deploy/*.service"},
                                      {"lb", "deploy/lb/*.json"}}) {
    if (const auto* node = section.find(name)) section.texts(*node, name, example);
  }
  if (const auto* node = section.find("gunicorn"))
    section.text(*node, "gunicorn", "deploy/gunicorn.conf.py");
}

}  // namespace

void toml_assertion_failed(const char* what) {
  throw TomlAssertion(what);
}

Config parse_config(const std::string& file, const std::string& text) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    throw UsageError(fmt::format("{}:{}:{}", file, begin.line, begin.column),
                     std::string(error.description()));
  } catch (const TomlAssertion&) {
    throw UsageError(file, "is no TOML: a table's header names no table");
  }
  const Section top(table, "", file);
  Names deeper = {"lb.profile", "lb.sources", "lb.idle_timeout", "lb.proxies",
                  "site.url",   "app.server", "app.unit",        "app.directory"};
  for (const auto& name : kHealthCheck) deeper.push_back("lb.health_check." + name);
  top.require_known({"lb", "site", "app", "target", "ignore", "preflight"}, deeper);
  Config config;
  config.file = file;
  read_targets(top, file, config);
  read_ignores(top, file, config);
  if (top.table("preflight") != nullptr) check_preflight(top.inner("preflight"));
  return config;
}

Config load_config(const std::optional<std::string>& named) {
  const std::string path = named.value_or(kDefaultFile);
  const auto text = read_trusted(path, kLargest);
  if (text) return parse_config(path, *text);
  if (named) throw UsageError(path, "No such file or directory");
  Config config;
  config.targets.emplace_back();
  return config;
}

}  // namespace hopcheck::cli
