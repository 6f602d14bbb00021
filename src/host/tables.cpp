// Processes, listeners and walks as text, and back.
#include "host/tables.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "host/host.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr std::array<std::pair<PathStep::Type, const char*>, 8> types{
    {{PathStep::Type::directory, "directory"},
     {PathStep::Type::file, "file"},
     {PathStep::Type::socket, "socket"},
     {PathStep::Type::link, "link"},
     {PathStep::Type::fifo, "fifo"},
     {PathStep::Type::device, "device"},
     {PathStep::Type::other, "other"},
     {PathStep::Type::absent, "absent"}}};

std::string join(const std::vector<std::string>& parts, char between) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += between;
    out += part;
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char between) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(between, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

template <class Each>
void each_line(const std::string& text, Each&& each) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    if (!line.empty()) each(split_words(line));
  }
}

int pid_of(std::string_view text) {
  return static_cast<int>(parse_number(text, 0, 4'194'304));
}

void add_option(std::vector<std::string>& words, const char* name, const std::string& value) {
  if (!value.empty()) words.push_back(std::string(name) + "=" + value);
}

void add_fact(std::vector<std::string>& words, const char* name, const Fact<std::string>& fact) {
  if (const std::string* value = fact.if_seen()) {
    words.push_back(std::string(name) + "=" + *value);
  } else if (fact.unseen().why != Unseen::Why::not_captured) {
    words.push_back(std::string(name) + "=?");
  }
}

std::vector<std::string> process_words(const Process& process) {
  std::vector<std::string> words{std::to_string(process.pid)};
  words.push_back("parent=" + std::to_string(process.parent));
  add_option(words, "name", process.name);
  add_option(words, "user", process.credentials.user);
  add_option(words, "group", process.credentials.group);
  add_option(words, "groups", join(process.credentials.groups, ','));
  if (process.credentials.bypasses_modes) words.emplace_back("bypasses-modes");
  add_option(words, "unit", process.unit);
  words.push_back(std::string("state=") + process.state);
  if (process.started != 0) words.push_back("started=" + std::to_string(process.started));
  add_fact(words, "exe", process.exe);
  add_fact(words, "cwd", process.cwd);
  if (const auto* environment = process.environment.if_seen()) {
    for (const auto& [name, value] : *environment) words.push_back("env." + name + "=" + value);
  } else if (process.environment.unseen().why != Unseen::Why::not_captured) {
    words.emplace_back("env=?");
  }
  words.emplace_back("--");
  words.insert(words.end(), process.argv.begin(), process.argv.end());
  return words;
}

Unseen hidden(const std::string& what, int pid) {
  return {Unseen::Why::denied, what + " of process " + std::to_string(pid), "root"};
}

Fact<std::string> fact_of(const std::string& value, const char* what, int pid) {
  if (value == "?") return hidden(what, pid);
  return value;
}

void read_process_option(const std::string& word, Process& process,
                         std::map<std::string, std::string>& environment) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (name == "parent") {
    process.parent = pid_of(value);
  } else if (name == "name") {
    process.name = value;
  } else if (name == "user") {
    process.credentials.user = value;
  } else if (name == "group") {
    process.credentials.group = value;
  } else if (name == "groups") {
    process.credentials.groups = split(value, ',');
  } else if (name == "bypasses-modes") {
    process.credentials.bypasses_modes = true;
  } else if (name == "unit") {
    process.unit = value;
  } else if (name == "state" && value.size() == 1) {
    process.state = value.front();
  } else if (name == "started") {
    process.started = parse_number(value, -1, 1LL << 40);
  } else if (name == "exe") {
    process.exe = fact_of(value, "program file", process.pid);
  } else if (name == "cwd") {
    process.cwd = fact_of(value, "working directory", process.pid);
  } else if (word == "env=?") {
    process.environment = hidden("environment", process.pid);
  } else if (starts_with(name, "env.")) {
    environment[name.substr(4)] = value;
  } else {
    throw std::invalid_argument("unknown word in a process: " + join_words({word}));
  }
}

Process process_of(const std::vector<std::string>& words) {
  Process process;
  if (words.empty()) throw std::invalid_argument("a process without a pid");
  process.pid = pid_of(words[0]);
  const Unseen unrecorded{Unseen::Why::not_captured,
                          "not recorded of process " + std::to_string(process.pid), ""};
  process.exe = unrecorded;
  process.cwd = unrecorded;
  process.environment = std::map<std::string, std::string>{};
  std::map<std::string, std::string> environment;
  std::size_t at = 1;
  for (; at < words.size() && words[at] != "--"; ++at) {
    read_process_option(words[at], process, environment);
  }
  if (process.environment.seen()) process.environment = std::move(environment);
  for (++at; at < words.size(); ++at) process.argv.push_back(words[at]);
  return process;
}

std::string pids_text(const Partial<int>& pids) {
  std::vector<std::string> parts;
  for (const int pid : pids.seen_items()) parts.push_back(std::to_string(pid));
  if (!pids.complete()) parts.emplace_back("?");
  return parts.empty() ? "none" : join(parts, ',');
}

Partial<int> pids_of(const std::string& text, const std::string& socket) {
  Partial<int> pids;
  if (text == "none") return pids;
  for (const std::string& part : split(text, ',')) {
    if (part == "?") {
      pids.add_missing({Unseen::Why::denied, "which process holds " + socket, "root"});
    } else {
      pids.add(pid_of(part));
    }
  }
  return pids;
}

void read_address(std::string_view text, Listener& listener) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) throw std::invalid_argument("a listener without a port");
  std::string_view address = text.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  listener.address = address;
  listener.port = static_cast<int>(parse_number(text.substr(colon + 1), 0, 65535));
}

void read_queue(std::string_view text, Listener& listener) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) throw std::invalid_argument("a queue without its limit");
  constexpr long long most = 0xffffffffLL;
  listener.queued = static_cast<unsigned>(parse_number(text.substr(0, slash), 0, most));
  listener.backlog = static_cast<unsigned>(parse_number(text.substr(slash + 1), 0, most));
}

Listener listener_of(const std::vector<std::string>& words) {
  if (words.size() < 2) throw std::invalid_argument("a listener without an address");
  Listener listener;
  if (words[0] == "tcp") {
    read_address(words[1], listener);
  } else if (words[0] == "unix") {
    listener.kind = Listener::Kind::unix_stream;
    listener.path = words[1];
  } else {
    throw std::invalid_argument("unknown listener: " + join_words({words[0]}));
  }
  listener.pids.add_missing({Unseen::Why::not_captured, "which process holds " + words[1], ""});
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "only-v6") {
      listener.only_v6 = true;
    } else if (starts_with(words[i], "queue=")) {
      read_queue(std::string_view(words[i]).substr(6), listener);
    } else if (starts_with(words[i], "pids=")) {
      listener.pids = pids_of(words[i].substr(5), words[1]);
    } else {
      throw std::invalid_argument("unknown word in a listener: " + join_words({words[i]}));
    }
  }
  return listener;
}

std::string octal(unsigned mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) {
    out += static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7));
  }
  return out;
}

unsigned mode_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("01234567") != text.npos) {
    throw std::invalid_argument("not a mode: " + join_words({std::string(text)}));
  }
  unsigned mode = 0;
  for (const char c : text) mode = mode * 8 + static_cast<unsigned>(c - '0');
  return mode & 07777;
}

PathStep::Type type_of(const std::string& name) {
  for (const auto& [type, known] : types) {
    if (name == known) return type;
  }
  throw std::invalid_argument("unknown type: " + join_words({name}));
}

PathStep step_of(const std::vector<std::string>& words) {
  PathStep step;
  step.path = words[0];
  step.type = type_of(words[1]);
  if (step.type == PathStep::Type::absent) return step;
  if (words.size() < 4) throw std::invalid_argument("a step without mode and owner");
  step.mode = mode_of(words[2]);
  const std::size_t colon = words[3].find(':');
  if (colon == std::string::npos) throw std::invalid_argument("a step without its group");
  step.user = words[3].substr(0, colon);
  step.group = words[3].substr(colon + 1);
  for (std::size_t i = 4; i < words.size(); ++i) {
    if (starts_with(words[i], "acl=")) {
      step.acl = split(std::string_view(words[i]).substr(4), ',');
    } else if (words[i] == "->" && i + 2 == words.size()) {
      step.target = words[++i];
    } else {
      throw std::invalid_argument("unknown word in a step: " + join_words({words[i]}));
    }
  }
  return step;
}

std::vector<std::string> step_words(const PathStep& step) {
  std::vector<std::string> words{step.path, type_name(step.type)};
  if (step.type == PathStep::Type::absent) return words;
  words.push_back(octal(step.mode));
  words.push_back(step.user + ":" + step.group);
  if (!step.acl.empty()) words.push_back("acl=" + join(step.acl, ','));
  if (step.type == PathStep::Type::link) {
    words.emplace_back("->");
    words.push_back(step.target);
  }
  return words;
}

// "PATH: what happened" is the reason's text; the path stands first on the line.
std::vector<std::string> cut_words(const Unseen& unseen) {
  const std::size_t colon = unseen.what.find(": ");
  std::vector<std::string> words{unseen.what.substr(0, colon), "unseen"};
  Unseen rest = unseen;
  rest.what = colon == std::string::npos ? "" : unseen.what.substr(colon + 2);
  for (std::string& word : unseen_words(rest)) words.push_back(std::move(word));
  return words;
}

Unseen cut_of(const std::vector<std::string>& words) {
  Unseen unseen = unseen_of_words(words, 2);
  unseen.what = unseen.what.empty() ? words[0] : words[0] + ": " + unseen.what;
  return unseen;
}

}  // namespace

const char* type_name(PathStep::Type type) {
  for (const auto& [value, name] : types) {
    if (value == type) return name;
  }
  return "other";
}

std::string encode_processes(const std::vector<Process>& processes) {
  std::string text;
  for (const Process& process : processes) text += join_words(process_words(process)) + "\n";
  return text;
}

std::vector<Process> decode_processes(const std::string& text) {
  std::vector<Process> processes;
  each_line(text, [&](const auto& words) { processes.push_back(process_of(words)); });
  return processes;
}

std::string encode_listeners(const std::vector<Listener>& listeners) {
  std::string text;
  for (const Listener& listener : listeners) {
    const bool tcp = listener.kind == Listener::Kind::tcp;
    const bool v6 = listener.address.find(':') != std::string::npos;
    const std::string address = v6 ? "[" + listener.address + "]" : listener.address;
    std::vector<std::string> words{tcp ? "tcp" : "unix"};
    words.push_back(tcp ? address + ":" + std::to_string(listener.port) : listener.path);
    if (listener.only_v6) words.emplace_back("only-v6");
    words.push_back("queue=" + std::to_string(listener.queued) + "/" +
                    std::to_string(listener.backlog));
    words.push_back("pids=" + pids_text(listener.pids));
    text += join_words(words) + "\n";
  }
  return text;
}

std::vector<Listener> decode_listeners(const std::string& text) {
  std::vector<Listener> listeners;
  each_line(text, [&](const auto& words) { listeners.push_back(listener_of(words)); });
  return listeners;
}

std::string encode_walk(const Walk& walk) {
  std::string text;
  for (const PathStep& step : walk.steps) text += join_words(step_words(step)) + "\n";
  if (!walk.whole.seen()) text += join_words(cut_words(walk.whole.unseen())) + "\n";
  return text;
}

Walk decode_walk(const std::string& path, const std::string& text) {
  Walk walk;
  walk.path = path;
  each_line(text, [&](const std::vector<std::string>& words) {
    if (words.size() < 2) throw std::invalid_argument("a step without a type");
    if (!walk.whole.seen()) throw std::invalid_argument("a step after the walk was cut");
    if (words[1] == "unseen") {
      walk.whole = cut_of(words);
    } else {
      walk.steps.push_back(step_of(words));
    }
  });
  if (walk.steps.empty()) throw std::invalid_argument("a walk without a step");
  return walk;
}

}  // namespace hopcheck
