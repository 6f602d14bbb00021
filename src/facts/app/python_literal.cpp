// A Python file whose settings are plain literals: which statements bind which names. Whatever is
// not understood makes the names it could touch unseen.
#include "facts/app/python_literal.h"

#include <algorithm>
#include <set>
#include <span>

#include <fmt/format.h>

#include "facts/app/python_expression.h"
#include "facts/app/python_statement.h"
#include "facts/app/python_token.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using python::Tokens;

std::size_t weight(const PyValue& value) {
  std::size_t sum = 1 + value.text.size();
  for (const PyValue& item : value.items) sum += weight(item);
  return sum;
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  PyFile read(const std::vector<PyLine>& lines) {
    for (const PyLine& line : lines) {
      scan_for_dangers(line);
      if (file_.rest) return std::move(file_);
    }
    bool open_block = false;     // the last line at the margin waits for its body
    bool in_definition = false;  // of a function or class, whose names are its own
    for (const PyLine& line : lines) {
      if (line.indented ? !open_block && !in_block_ : open_block) return malformed(line);
      if (!line.indented) {
        open_block = line.tokens.back().is(":");
        in_block_ = false;
        in_definition = python::is_definition(line.tokens);
        top_line(line);
      } else {
        open_block = false;
        in_block_ = true;
        mention(line.tokens);
        if (!in_definition) bind_all(line);
      }
    }
    if (open_block) return malformed(lines.back());
    return finish();
  }

 private:
  struct Entry {
    Fact<Located<PyValue>> value{};
    std::size_t order{0};
  };

  PyFile malformed(const PyLine& line) {
    PyFile file;
    file.rest = Unseen{Unseen::Why::malformed,
                       fmt::format("{}:{}: the indentation does not fit", path_, line.number()),
                       {}};
    return file;
  }

  // What works at a distance: run-time tricks, ":=" and `global`, which bind from anywhere.
  void scan_for_dangers(const PyLine& line) {
    const Tokens tokens = line.tokens;
    bool global = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const PyToken& token = tokens[i];
      global = global || token.is_name("global");
      if (token.kind == PyToken::Kind::name &&
          python::is_dangerous(token.text, i > 0 && tokens[i - 1].is("."))) {
        dangerous(line, token.text);
      }
      if (token.f_string) {
        const bool walrus = token.text.find(":=") != std::string_view::npos;
        for (const std::string_view word : python::words_of(token.text)) {
          if (python::is_dangerous(word, false)) dangerous(line, word);
          if (walrus) never_.emplace(word);
        }
      }
      if (token.is(":=") && i > 0) never_.insert(std::string(tokens[i - 1].text));
    }
    if (!global) return;
    for (const std::string_view name : python::names_of(tokens)) never_.emplace(name);
  }

  void dangerous(const PyLine& line, std::string_view word) {
    file_.rest = Unseen{
        Unseen::Why::undecidable,
        fmt::format("{}:{}: {} can set any name while the file runs", path_, line.number(), word),
        {}};
  }

  void top_line(const PyLine& line) {
    const PyToken& first = line.tokens[0];
    if (line.tokens.back().is(":") || python::is_compound(first.text) || first.is("@")) {
      mention(line.tokens);
      if (!first.is("@")) bind_all(line);
      return;
    }
    for (const Tokens statement : python::simple_statements(line.tokens)) simple(statement);
  }

  // A statement that always runs.
  void simple(Tokens statement) {
    const python::Targets targets = python::targets_of(statement);
    if (targets.value_at != 0) {
      const PyLookup lookup = [this](std::string_view name) { return known(name); };
      const auto value = evaluate(statement.subspan(targets.value_at), lookup);
      if (value && may_be_kept(*value, targets.names.size())) {
        for (const std::string_view name : targets.names) {
          names_[std::string(name)] = {Located<PyValue>{*value, evidence(statement)}, ++order_};
        }
        return;
      }
    }
    mention(statement);
    bind_names(statement, false);
  }

  // Several names share what is mutable, and each keeps a copy of what is not.
  bool may_be_kept(const PyValue& value, std::size_t names) {
    if (names == 1) return true;
    const std::size_t cost = weight(value) * (names - 1);
    if (value.is_mutable() || cost > budget_) return false;
    budget_ -= cost;
    return true;
  }

  Evidence evidence(Tokens statement) const {
    return {EvidenceKind::file, path_, statement[0].line, one_line(python::text_of(statement)),
            false};
  }

  // All that a line inside a block, or the head of one, may bind.
  void bind_all(const PyLine& line) {
    const PyToken& first = line.tokens[0];
    if (python::is_definition(line.tokens)) {
      bind_names(line.tokens, false);
    } else if (python::is_compound(first.text) || line.tokens.back().is(":")) {
      const bool bare = line.tokens.back().is(":") && !python::binds_anything(first.text) &&
                        python::is_compound(first.text);
      if (!bare) bind_names(line.tokens, true);
    } else {
      for (const Tokens statement : python::simple_statements(line.tokens))
        bind_names(statement, false);
    }
  }

  void bind_names(Tokens statement, bool everything) {
    const PyToken& first = statement[0];
    if (everything || python::binds_anything(first.text)) {
      const bool star = first.is_name("from") && statement.back().is("*");
      if (star || (star_in_block(statement))) star_import(statement);
      return bind_each(statement, statement);
    }
    if (python::is_definition(statement)) {
      const std::size_t at = first.is_name("async") ? 2 : 1;
      if (at < statement.size()) unseen(statement, statement[at].text);
      return;
    }
    bind_each(statement, python::assigned_part(statement));
  }

  void bind_each(Tokens statement, Tokens part) {
    for (const std::string_view name : python::names_of(part)) unseen(statement, name);
  }

  // "if x: from y import *" and the like.
  static bool star_in_block(Tokens tokens) {
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i].is_name("import") && tokens[i + 1].is("*")) return true;
    }
    return false;
  }

  void star_import(Tokens statement) {
    star_ = Unseen{Unseen::Why::undecidable,
                   fmt::format("{}:{}: another module's names are imported: {}", path_,
                               statement[0].line, one_line(python::text_of(statement))),
                   {}};
    star_order_ = ++order_;
  }

  void unseen(Tokens statement, std::string_view name) {
    names_[std::string(name)] = {
        Unseen{Unseen::Why::undecidable,
               fmt::format("{}:{}: {} depends on what the file does when it runs: {}", path_,
                           statement[0].line, name, one_line(python::text_of(statement))),
               {}},
        ++order_};
  }

  void mention(Tokens tokens) {
    for (const std::string_view name : python::names_of(tokens)) mentioned_.emplace(name);
  }

  // For use in an expression: only what cannot change behind our back, and not without end.
  const PyValue* known(std::string_view name) {
    const std::string key(name);
    const auto found = names_.find(key);
    if (found == names_.end() || found->second.order < star_order_ || never_.count(key) != 0)
      return nullptr;
    const Located<PyValue>* located = found->second.value.if_seen();
    if (located == nullptr) return nullptr;
    const std::size_t cost = weight(located->value);
    if (cost > budget_ || located->value.is_mutable()) {
      // An alias: what is done to the one is done to the other.
      mentioned_.insert(key);
      return nullptr;
    }
    budget_ -= cost;
    return &located->value;
  }

  PyFile finish() {
    for (const std::string& name : never_) names_[name] = {changed(name), ++order_};
    for (auto& [name, entry] : names_) {
      const Located<PyValue>* located = entry.value.if_seen();
      if (entry.order < star_order_) {
        file_.names.emplace(name, *star_);
      } else if (located != nullptr && located->value.is_mutable() && mentioned_.count(name) != 0) {
        file_.names.emplace(name, changed(name));
      } else {
        file_.names.emplace(name, std::move(entry.value));
      }
    }
    file_.rest = star_;
    return std::move(file_);
  }

  Unseen changed(const std::string& name) const {
    return {Unseen::Why::undecidable,
            fmt::format("{}: {} may be changed by other code of the file", path_, name),
            {}};
  }

  const std::string& path_;
  PyFile file_{};
  std::map<std::string, Entry> names_{};
  std::set<std::string> never_{};
  std::set<std::string> mentioned_{};
  std::optional<Unseen> star_{};
  std::size_t star_order_{0};
  std::size_t order_{0};
  std::size_t budget_{64 << 10};
  bool in_block_{false};
};

// PEP 263: a comment in the first two lines may name another encoding.
bool encoding_is_known(std::string_view source) {
  for (int line = 0; line < 2; ++line) {
    const std::string_view text = source.substr(0, source.find('\n'));
    source.remove_prefix(std::min(source.size(), text.size() + 1));
    const auto at = text.find("coding");
    if (trimmed(text).substr(0, 1) != "#" || at == std::string_view::npos) continue;
    std::string_view rest = text.substr(at + 6);
    if (rest.empty() || (rest[0] != ':' && rest[0] != '=')) continue;
    rest = trimmed(rest.substr(1));
    std::string name;
    for (const char c : rest.substr(0, rest.find_first_of(" \t;*")))
      name += c == '_' ? '-' : static_cast<char>(c | 0x20);
    // `| 0x20` leaves digits and '-' as they are.
    if (name != "utf-8" && name != "utf8" && name != "ascii" && name != "us-ascii") return false;
  }
  return true;
}

std::optional<Unseen> why_unreadable(const std::string& path, std::string_view source) {
  const auto malformed = [&](const char* what) {
    return Unseen{Unseen::Why::malformed, path + ": " + what, {}};
  };
  if (source.size() > python_file_limit) {
    return Unseen{
        Unseen::Why::truncated, path + ": larger than a configuration file should be", {}};
  }
  if (source.find('\0') != std::string_view::npos) return malformed("holds a NUL byte");
  if (!is_utf8(source)) return malformed("is not UTF-8");
  if (!encoding_is_known(source)) return malformed("is in an encoding other than UTF-8");
  return std::nullopt;
}

}  // namespace

bool PyValue::is_mutable() const {
  return kind == Kind::list || kind == Kind::dict ||
         std::any_of(items.begin(), items.end(),
                     [](const PyValue& item) { return item.is_mutable(); });
}

std::optional<Fact<Located<PyValue>>> PyFile::find(const std::string& name) const {
  const auto found = names.find(name);
  if (found != names.end()) return found->second;
  if (rest) return Fact<Located<PyValue>>(*rest);
  return std::nullopt;
}

PyFile read_python_literals(const std::string& path, std::string_view bytes) {
  PyFile file;
  const std::string source = python_source(bytes.substr(0, python_file_limit + 1));
  file.rest = why_unreadable(path, source);
  if (file.rest) return file;
  const PyTokens tokens = tokenize_python(source);
  if (!tokens.problem.empty()) {
    file.rest = Unseen{Unseen::Why::malformed, path + ": " + tokens.problem, {}};
    return file;
  }
  return Reader(path).read(tokens.lines);
}

}  // namespace hopcheck
