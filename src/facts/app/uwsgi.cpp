// uWSGI's settings: its options stand on the command line or as "name = value" in [uwsgi] of .ini
// files; ini files may name further ones, which are not followed.
#include "facts/app/uwsgi.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "facts/app/command.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

struct Setting {
  std::string name{};
  std::string value{};
};
using Settings = std::vector<Setting>;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// "--name=value", "--name value"; a bare FILE.ini counts as --ini.
Settings from_command_line(const std::vector<std::string>& argv) {
  Settings settings;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    const bool next = i + 1 < argv.size() && argv[i + 1].substr(0, 1) != "-";
    if (word.substr(0, 2) == "--") {
      const auto equals = word.find('=');
      const std::string value = equals != std::string::npos ? word.substr(equals + 1)
                                : next                      ? argv[i + 1]
                                                            : "";
      settings.push_back(
          {word.substr(2, equals == std::string::npos ? equals : equals - 2), value});
    } else if (word == "-w" && next) {
      settings.push_back({"module", argv[i + 1]});
    } else if (ends_with(word, ".ini") && argv[i - 1] != "--ini" &&
               argv[i - 1].substr(0, 1) != "-") {
      settings.push_back({"ini", word});
    }
  }
  return settings;
}

void read_ini(std::string_view text, Settings& settings) {
  bool ours = false;
  while (!text.empty()) {
    const std::string_view line = trimmed(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos
                                                 ? text.size()
                                                 : text.find('\n') + 1));
    if (line.empty() || line[0] == ';' || line[0] == '#') continue;
    if (line[0] == '[') {
      ours = line == "[uwsgi]";
      continue;
    }
    const auto equals = line.find('=');
    if (!ours || equals == std::string_view::npos || settings.size() > 4096) continue;
    settings.push_back({std::string(trimmed(line.substr(0, equals))),
                        std::string(trimmed(line.substr(equals + 1)))});
  }
}

// The last value of any of the names; "" where none is set or it holds a %(placeholder).
std::string value_of(const Settings& settings, std::initializer_list<std::string_view> names) {
  std::string value;
  for (const Setting& setting : settings) {
    for (const std::string_view name : names) {
      if (setting.name == name) value = setting.value;
    }
  }
  return value.find('%') == std::string::npos ? value : "";
}

// A flag is on where it is named, but for "name = false".
bool is_on(const Settings& settings, std::string_view name) {
  bool on = false;
  for (const Setting& setting : settings) {
    if (setting.name == name) on = setting.value != "false" && setting.value != "0";
  }
  return on;
}

// Options may stand in files of another kind, or in those that a file names.
bool reads_more(const Settings& settings, const std::vector<std::string>& argv) {
  constexpr std::string_view kinds[] = {"xml",  "yaml",    "yml",     "json",
                                        "ldap", "sqlite3", "inherit", "include"};
  const bool named = std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
    return std::find(std::begin(kinds), std::end(kinds), setting.name) != std::end(kinds);
  });
  return named || std::any_of(argv.begin(), argv.end(), [](const std::string& word) {
           return ends_with(word, ".xml") || ends_with(word, ".yaml") || ends_with(word, ".yml") ||
                  ends_with(word, ".json");
         });
}

}  // namespace

UwsgiSettings uwsgi_settings(const std::vector<std::string>& argv, const std::string& cwd,
                             const ReadFile& read_file) {
  Settings settings = from_command_line(argv);
  const std::size_t given = settings.size();
  bool complete = true;
  for (std::size_t i = 0; i < given && i < 64; ++i) {
    if (settings[i].name != "ini") continue;
    const std::string path = from_directory(cwd, settings[i].value);
    if (path.empty()) continue;
    const Answer answer = read_file(path);
    if (answer.status == Answer::Status::present) {
      read_ini(answer.text, settings);
    } else {
      complete = false;
    }
  }
  UwsgiSettings result;
  result.master = is_on(settings, "master");
  result.dies_on_term = is_on(settings, "die-on-term");
  result.complete = complete && !reads_more(settings, argv);
  result.app = value_of(settings, {"module", "wsgi"});
  if (result.app.empty()) result.app = value_of(settings, {"wsgi-file", "file", "mount"});
  const std::string callable = value_of(settings, {"callable"});
  if (!result.app.empty() && !callable.empty() && result.app.find(':') == std::string::npos)
    result.app += ":" + callable;
  result.emperor = !value_of(settings, {"emperor"}).empty() && result.app.empty();
  return result;
}

}  // namespace hopcheck
