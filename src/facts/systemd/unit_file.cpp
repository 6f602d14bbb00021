// systemd's unit files: sections, continued lines, comments, resets.
#include "facts/systemd/unit_file.h"

#include <algorithm>
#include <charconv>

#include "facts/text/words.h"

namespace hopcheck {
namespace {

// As much as systemd takes for one line, continued or not.
constexpr std::size_t line_limit = 1 << 20;

// Joins lines that end in a backslash; comments between them are left out, as systemd does.
class LogicalLines {
 public:
  explicit LogicalLines(std::string_view text) : text_(text) {}

  bool next(std::string& line, int& number) {
    line.clear();
    bool continued = false;
    while (!text_.empty()) {
      std::string_view part = take_line();
      const std::string_view content = trimmed(part);
      if (!content.empty() && (content[0] == '#' || content[0] == ';')) continue;
      if (!continued) number = number_;
      continued = !part.empty() && part.back() == '\\' && backslashes(part) % 2 == 1;
      if (continued) part.remove_suffix(1);
      part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
      if (line.size() + part.size() < line_limit) line += part;
      if (!continued) return true;
      line += ' ';
    }
    return continued;
  }

 private:
  std::string_view take_line() {
    const auto end = text_.find('\n');
    std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++number_;
    return line;
  }

  static std::size_t backslashes(std::string_view line) {
    const auto last = line.find_last_not_of('\\');
    return last == std::string_view::npos ? line.size() : line.size() - 1 - last;
  }

  std::string_view text_;
  int number_{0};
};

void reset(Unit& unit, const std::string& section, const std::string& name) {
  std::erase_if(unit.lines, [&](const Unit::Line& line) {
    return line.section == section && line.name == name;
  });
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::optional<int> port_number(std::string_view text) {
  int port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || stop != text.data() + text.size() || port < 1 || port > 65535)
    return std::nullopt;
  return port;
}

}  // namespace

void read_unit_file(Unit& unit, const std::string& path, std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  LogicalLines lines(text);
  std::string section;
  std::string line;
  int number = 0;
  while (lines.next(line, number)) {
    const std::string_view content = trimmed(line);
    if (content.size() > 1 && content.front() == '[' && content.back() == ']') {
      section = content.substr(1, content.size() - 2);
      continue;
    }
    const auto equals = content.find('=');
    if (section.empty() || equals == std::string_view::npos || equals == 0) continue;
    const std::string name(trimmed(content.substr(0, equals)));
    const std::string value(trimmed(content.substr(equals + 1)));
    if (value.empty()) {
      reset(unit, section, name);
    } else {
      unit.lines.push_back(
          {section, name, {value, {EvidenceKind::file, path, number, one_line(content), false}}});
    }
  }
}

void expand_specifiers(Unit& unit) {
  const std::string stem = unit.name.substr(0, unit.name.rfind('.'));
  const auto at = stem.find('@');
  const std::string prefix = stem.substr(0, at);
  const std::string instance = at == std::string::npos ? "" : stem.substr(at + 1);
  for (Unit::Line& line : unit.lines) {
    std::string& value = line.value.value;
    for (auto sign = value.find('%'); sign != std::string::npos && sign + 1 < value.size();
         sign = value.find('%', sign)) {
      const char letter = value[sign + 1];
      const std::string* own = letter == 'n'                    ? &unit.name
                               : letter == 'N'                  ? &stem
                               : letter == 'p'                  ? &prefix
                               : letter == 'i' || letter == 'I' ? &instance
                                                                : nullptr;
      if (own != nullptr) value.replace(sign, 2, *own);
      sign += own != nullptr ? own->size() : 2;
    }
  }
}

std::vector<const Located<std::string>*> unit_settings(const Unit& unit, std::string_view section,
                                                       std::string_view name) {
  std::vector<const Located<std::string>*> values;
  for (const Unit::Line& line : unit.lines) {
    if (line.section == section && line.name == name) values.push_back(&line.value);
  }
  return values;
}

bool UnitState::is_failing() const {
  return active == "failed" || (active == "activating" && sub.substr(0, 12) == "auto-restart");
}

const Located<std::string>* Unit::setting(const std::string& wanted) const {
  const auto found = std::find_if(lines.rbegin(), lines.rend(),
                                  [&wanted](const Line& line) { return line.name == wanted; });
  return found != lines.rend() ? &found->value : nullptr;
}

std::optional<SocketUnit> socket_unit(const Unit& unit) {
  if (!ends_with(unit.name, ".socket")) return std::nullopt;
  SocketUnit socket;
  for (const auto* stream : unit_settings(unit, "Socket", "ListenStream"))
    socket.streams.push_back(*stream);
  const auto accept = unit_settings(unit, "Socket", "Accept");
  const std::string stem = unit.name.substr(0, unit.name.size() - 7);
  const bool each =
      !accept.empty() && (accept.back()->value == "yes" || accept.back()->value == "true" ||
                          accept.back()->value == "1" || accept.back()->value == "on");
  const auto service = unit_settings(unit, "Socket", "Service");
  socket.service =
      !service.empty() ? service.back()->value : stem + (each ? "@.service" : ".service");
  return socket;
}

std::optional<Listener> stream_listener(const std::string& stream) {
  Listener listener;
  if (stream.empty() || stream.find('%') != std::string::npos) return std::nullopt;
  if (stream[0] == '/' || stream[0] == '@') {
    listener.kind = Listener::Kind::unix_stream;
    listener.path = stream;
    return listener;
  }
  if (const auto port = port_number(stream)) {
    listener.address = "::";
    listener.port = *port;
    return listener;
  }
  const auto colon = stream.rfind(':');
  if (colon == std::string::npos || stream.substr(0, 6) == "vsock:") return std::nullopt;
  const auto port = port_number(std::string_view(stream).substr(colon + 1));
  if (!port) return std::nullopt;
  listener.address = stream.substr(0, colon);
  listener.port = *port;
  if (listener.address.size() > 1 && listener.address[0] == '[')
    listener.address = listener.address.substr(1, listener.address.size() - 2);
  return listener;
}

}  // namespace hopcheck
