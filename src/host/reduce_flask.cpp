// How a Flask application is put together, without the rest of its source.
#include "host/reduce_flask.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace hopcheck {
namespace {

constexpr std::uint64_t most_looked_at = 256 << 10;
constexpr std::size_t most_kept = 32 << 10;
constexpr std::size_t most_joined = 4096;
constexpr std::size_t longest_path = 120;

bool is_word(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string_view stripped(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// The word that begins here; taken off the text.
std::string_view take_word(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool take(std::string_view& text, std::string_view part) {
  if (text.substr(0, part.size()) != part) return false;
  text.remove_prefix(part.size());
  return true;
}

/// A path, an address or a name between quotes; nothing where it is more than that.
std::optional<std::string> literal(std::string_view text) {
  text = stripped(text);
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) return std::nullopt;
  const auto end = text.find(text[0], 1);
  if (end == std::string_view::npos || end - 1 > longest_path) return std::nullopt;
  const auto inside = text.substr(1, end - 1);
  const bool plain = std::all_of(inside.begin(), inside.end(), [](char c) {
    return is_word(c) || std::string_view("/-.<>:~").find(c) != std::string_view::npos;
  });
  return plain ? std::optional<std::string>(inside) : std::nullopt;
}

/// What stands after "name=" in the arguments, up to the next comma; "" where it is not there.
std::string_view keyword(std::string_view arguments, std::string_view name) {
  for (std::size_t at = arguments.find(name); at != std::string_view::npos;
       at = arguments.find(name, at + 1)) {
    if (at > 0 && is_word(arguments[at - 1])) continue;
    auto rest = stripped(arguments.substr(at + name.size()));
    if (rest.empty() || rest[0] != '=') continue;
    rest = stripped(rest.substr(1));
    const char close = !rest.empty() && rest[0] == '[' ? ']' : ',';
    return stripped(rest.substr(0, rest.find_first_of(close == ']' ? "]" : ",)")));
  }
  return {};
}

class Reader {
 public:
  std::string run(std::string_view text) {
    std::size_t number = 0;
    while (!text.empty() && out_.size() < most_kept) {
      ++number;
      const std::size_t first = number;
      std::string statement(stripped(take_line(text)));
      if (in_string_) {
        in_string_ = closes(statement);
        continue;
      }
      if (statement.empty() || statement[0] == '#') continue;
      while (is_open(statement) && !text.empty() && statement.size() < most_joined) {
        ++number;
        statement += ' ';
        statement += stripped(take_line(text));
      }
      in_string_ = opens_string(statement);
      look_at(first, statement);
    }
    return std::move(out_);
  }

 private:
  static std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  }

  /// A decorator, a call or an import whose brackets go on in the next line.
  static bool is_open(std::string_view statement) {
    const auto opened = std::count(statement.begin(), statement.end(), '(');
    return opened > std::count(statement.begin(), statement.end(), ')') &&
           statement.find("\"\"\"") == std::string_view::npos;
  }

  bool opens_string(std::string_view statement) {
    for (const std::string_view quote : {"\"\"\"", "'''"}) {
      int count = 0;
      for (auto at = statement.find(quote); at != std::string_view::npos;
           at = statement.find(quote, at + quote.size()))
        ++count;
      if (count % 2 == 1) {
        quote_ = quote;
        return true;
      }
    }
    return false;
  }
  /// Whether the string goes on behind this line.
  bool closes(std::string_view line) const { return line.find(quote_) == std::string_view::npos; }

  void say(std::size_t number, const std::string& text) {
    out_ += std::to_string(number) + " " + text + "\n";
  }

  void look_at(std::size_t number, std::string_view statement) {
    if (take(statement, "@")) return decorator(number, statement);
    if (take(statement, "from ")) return say_import(number, statement);
    if (take(statement, "import ")) return say_import(number, statement);
    if (take(statement, "def ")) {
      const std::string name(take_word(statement));
      if (name == "create_app" || name == "make_app") say(number, "factory " + name);
      return;
    }
    const std::string name(take_word(statement));
    if (name.empty()) return;
    if (take(statement, ".")) return call(number, name, statement);
    const auto equals = statement.find('=');
    if (equals == std::string_view::npos) return;
    auto value = stripped(statement.substr(equals + 1));
    take(value, "flask.");
    if (take(value, "Flask(")) return say(number, "app " + name);
    if (!take(value, "Blueprint(")) return;
    say(number, "blueprint " + name + " " + prefix_of(value));
  }

  static std::string prefix_of(std::string_view arguments) {
    const auto given = keyword(arguments, "url_prefix");
    if (given.empty()) return "-";
    return literal(given).value_or("?");
  }

  void say_import(std::size_t number, std::string_view rest) {
    rest = stripped(rest);
    const auto module = rest.substr(0, rest.find_first_of(" ,;"));
    const bool plain = !module.empty() && std::all_of(module.begin(), module.end(), [](char c) {
      return is_word(c) || c == '.';
    });
    if (plain) say(number, "import " + std::string(module));
  }

  void decorator(std::size_t number, std::string_view rest) {
    const std::string name(take_word(rest));
    if (take(rest, ".")) route(number, name, rest);
  }

  void call(std::size_t number, const std::string& name, std::string_view rest) {
    if (rest.substr(0, 13) == "add_url_rule(") {
      rest.remove_prefix(13);
      return say_route(number, name, rest, "GET");
    }
    if (take(rest, "register_blueprint(")) {
      auto blueprint = rest.substr(0, rest.find_first_of(",)"));
      blueprint = stripped(blueprint.substr(std::min(blueprint.rfind('.') + 1, blueprint.size())));
      return say(number, "register " + std::string(blueprint) + " " + prefix_of(rest));
    }
    if (!take(rest, "run(")) return;
    std::string said = "run " + name;
    for (const char* option : {"debug", "port", "use_debugger"}) {
      const auto value = keyword(rest, option);
      const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), is_word);
      if (plain) said += " " + std::string(option) + "=" + std::string(value);
      if (!value.empty() && !plain) said += " " + std::string(option) + "=?";
    }
    if (const auto host = keyword(rest, "host"); !host.empty())
      said += " host=" + literal(host).value_or("?");
    say(number, said);
  }

  void route(std::size_t number, const std::string& name, std::string_view rest) {
    constexpr std::array<std::string_view, 6> verbs{"route(", "get(",   "post(",
                                                    "put(",   "patch(", "delete("};
    for (const auto verb : verbs) {
      if (!take(rest, verb)) continue;
      return say_route(number, name, rest, verb == "route(" || verb == "get(" ? "GET" : "OTHER");
    }
  }

  void say_route(std::size_t number, const std::string& name, std::string_view arguments,
                 const char* method) {
    const auto path = literal(arguments);
    if (!path || path->empty() || (*path)[0] != '/') return;
    const auto methods = keyword(arguments, "methods");
    const bool other = !methods.empty() && methods.find("GET") == std::string_view::npos;
    say(number, "route " + name + " " + (other ? "OTHER" : method) + " " + *path);
  }

  std::string out_{};
  bool in_string_{false};
  std::string quote_{};
};

}  // namespace

std::string reduce_flask(const ByteSource& source, const std::string& /*format*/) {
  std::string bytes(static_cast<std::size_t>(std::min(source.size, most_looked_at)), '\0');
  bytes.resize(std::min(source.read(0, bytes.data(), bytes.size()), bytes.size()));
  std::string out = Reader().run(bytes);
  if (out.size() >= most_kept || source.size > most_looked_at) out += "0 truncated\n";
  return out;
}

}  // namespace hopcheck
