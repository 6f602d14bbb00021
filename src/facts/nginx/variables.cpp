// nginx's variables, as far as the request and the configuration decide them.
#include <algorithm>
#include <array>

#include "facts/nginx/letters.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

// Chains of `set` could double a value again and again.
constexpr std::size_t kLongest = 65536;

bool is_name(char c) {
  const char low = to_lower(c);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// Those that nginx looks up anew each time.
bool changes(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "uri",          "document_uri", "document_root",    "realpath_root", "args",
      "query_string", "is_args",      "request_filename", "request_method"};
  return name.starts_with("arg_") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// $arg_name: its value in the query, letters of the name in any case.
std::string argument(std::string_view args, std::string_view name) {
  for (std::size_t at = 0; at < args.size();) {
    const std::size_t end = std::min(args.find('&', at), args.size());
    const std::string_view one = args.substr(at, end - at);
    if (one.size() > name.size() && one[name.size()] == '=' && starts_with_lower(one, name)) {
      return std::string(one.substr(name.size() + 1));
    }
    at = end + 1;
  }
  return {};
}

/// $cookie_name: the value of the first cookie of that name, its letters in any case.
std::string cookie(std::string_view header, std::string_view name) {
  const auto skip = [&header](std::string_view ends) {
    header.remove_prefix(std::min(header.find_first_of(ends), header.size()));
  };
  const auto trim = [&header] {
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  };
  while (!header.empty()) {
    if (starts_with_lower(header, name)) {
      header.remove_prefix(name.size());
      trim();
      if (header.starts_with('=')) {
        header.remove_prefix(1);
        trim();
        return std::string(header.substr(0, header.find(';')));
      }
    }
    skip(";,");
    header.remove_prefix(std::min<std::size_t>(1, header.size()));
    trim();
  }
  return {};
}

std::optional<std::string> of_request(const Visit& visit, std::string_view name) {
  if (name == "request_method") return visit.method;
  if (name == "request_uri") return visit.request_uri;
  if (name == "uri" || name == "document_uri") return visit.uri;
  if (name == "args" || name == "query_string") return visit.args;
  if (name == "is_args") return visit.args.empty() ? "" : "?";
  if (name == "http_host") return visit.http_host;
  if (name == "host") return visit.host.empty() ? own_name(*visit.server) : visit.host;
  if (name == "content_length" || name == "content_type") return sent_header(visit, name);
  if (name == "server_protocol" || name == "request") {
    if (visit.asked->version.empty()) return std::nullopt;
    const std::string version = "HTTP/" + visit.asked->version;
    return name == "request" ? visit.asked->method + " " + visit.asked->path + " " + version
                             : version;
  }
  if (name.starts_with("arg_")) return argument(visit.args, name.substr(4));
  if (name.starts_with("http_")) return sent_header(visit, name.substr(5));
  if (name.starts_with("cookie_")) {
    const auto all = sent_header(visit, "cookie");
    return all ? std::optional(cookie(*all, name.substr(7))) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> of_connection(const Visit& visit, std::string_view name) {
  if (name == "scheme") return visit.tls ? "https" : "http";
  if (name == "https") return visit.tls ? "on" : "";
  if (name == "server_port") {
    return visit.asked->port == 0 ? "" : std::to_string(visit.asked->port);
  }
  if (name == "server_addr") return own_address(visit);
  if (name == "server_name") return own_name(*visit.server);
  if (name == "ssl_server_name") return visit.asked->sni;
  if (name == "remote_addr" && !visit.client.empty()) return client_address(visit);
  if (name == "realip_remote_addr" && !visit.asked->client.empty()) {
    return (visit.mapped ? "::ffff:" : "") + visit.asked->client;
  }
  return std::nullopt;
}

std::optional<std::string> of_files(Visit& visit, std::string_view name) {
  if (name == "request_filename") {
    const auto path = file_path(visit);
    return path ? std::optional(path->refused ? "" : path->text) : std::nullopt;
  }
  const Base base = base_of(visit);
  std::string_view written = base.files.path;
  if (!base.files.alias && written.ends_with('/')) written.remove_suffix(1);
  auto root = expand(visit, written);
  if (!root || root->starts_with('/')) return root;
  const std::string& prefix = visit.config->prefix;
  if (prefix.empty() || (root->empty() && !written.empty())) return std::nullopt;
  return prefix + (prefix.ends_with('/') ? "" : "/") + *root;
}

/// The names in "(?<name>…)" and its like.
void add_group_names(std::string_view pattern, std::uint32_t index,
                     std::map<std::string, std::vector<std::uint32_t>>& out) {
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos;
       at = pattern.find("(?", at + 2)) {
    std::string_view rest = pattern.substr(at + 2);
    if (rest.starts_with('P')) rest.remove_prefix(1);
    if (!rest.starts_with('<') && !rest.starts_with('\'')) continue;
    rest.remove_prefix(1);
    const std::size_t end = rest.find_first_of(">'");
    if (end == std::string_view::npos || rest.starts_with('=') || rest.starts_with('!')) continue;
    out[lower(rest.substr(0, end))].push_back(index);
  }
}

/// Which argument of a directive names the variable that it defines; -1: none.
int defined_argument(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kFirst = {
      "set", "auth_request_set", "js_set", "perl_set", "set_by_lua", "set_by_lua_block"};
  if (std::find(kFirst.begin(), kFirst.end(), name) != kFirst.end()) return 0;
  return name == "map" || name == "split_clients" || name == "geo" ? 1 : -1;
}

/// The directives by which the configuration defines a variable.
const std::vector<std::uint32_t>* definitions(Visit& visit, const std::string& name) {
  if (!visit.defined) {
    visit.defined.emplace();
    const Config& config = *visit.config;
    for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
      const Directive node = config.at(i);
      add_group_names(node.name(), i, *visit.defined);
      for (const std::string_view word : node.args()) add_group_names(word, i, *visit.defined);
      const int at = defined_argument(node.name());
      if (at < 0) continue;
      // `geo` may name the variable alone.
      const std::string_view variable =
          node.args().size() == 1 ? node.arg(0) : node.arg(static_cast<std::size_t>(at));
      if (variable.starts_with('$')) (*visit.defined)[lower(variable.substr(1))].push_back(i);
    }
  }
  const auto found = visit.defined->find(name);
  return found == visit.defined->end() ? nullptr : &found->second;
}

std::optional<std::string> evaluate(Visit& visit, const std::string& name, bool& keeps) {
  keeps = !changes(name);
  if (name == "document_root" || name == "request_filename") return of_files(visit, name);
  if (auto value = of_connection(visit, name)) return value;
  const bool built_in = name == "args" || name == "uri" || name == "host";
  const auto* all = built_in ? nullptr : definitions(visit, name);
  if (all == nullptr) return of_request(visit, name);
  keeps = true;
  for (const std::uint32_t index : *all) {
    const Directive block = visit.config->at(index);
    const bool table =
        block.name() == "map" || block.name() == "geo" || block.name() == "split_clients";
    if (table && block.is_block()) {
      keeps = !block.child("volatile");
      return looked_up(visit, block);
    }
  }
  // Of `set` and of named parentheses: nothing has been put in yet.
  const bool plain = std::all_of(all->begin(), all->end(), [&](std::uint32_t index) {
    const std::string_view by = visit.config->at(index).name();
    return by == "set" || defined_argument(by) < 0;
  });
  return plain ? std::optional<std::string>("") : std::nullopt;
}

/// What a piece stood for is no longer so: a map's pattern has captured since.
bool has_changed(const Visit& visit, const Piece& piece, const std::string& value) {
  if (piece.kind == Piece::Kind::capture) return capture(visit, piece.text) != value;
  if (piece.kind == Piece::Kind::literal) return false;
  const auto now = visit.values.find(lower(piece.text));
  return now != visit.values.end() && now->second != value;
}

}  // namespace

std::optional<std::string> sent_header(const Visit& visit, std::string_view name) {
  if (!visit.headers_read) return std::nullopt;
  const auto* all = visit.asked->headers ? &*visit.asked->headers : nullptr;
  if (all == nullptr && name.starts_with("x_forwarded_")) all = visit.asked->forwarded;
  if (all == nullptr) return std::nullopt;
  for (const auto& [key, value] : *all) {
    std::string plain = key;
    std::replace(plain.begin(), plain.end(), '-', '_');
    if (plain == name) return value;
  }
  return "";
}

std::string own_name(const ServerBlock& server) {
  if (server.names.empty()) return {};
  const std::string& first = server.names.front();
  if (first.starts_with('~')) return first;
  return lower(first.starts_with('.') ? std::string_view(first).substr(1) : first);
}

std::string own_address(const Visit& visit) {
  return (visit.mapped ? "::ffff:" : "") + visit.asked->address;
}

std::string client_address(const Visit& visit) {
  return (visit.mapped && !visit.client_is_real ? "::ffff:" : "") + visit.client;
}

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      const std::size_t end = std::min(text.find('$', at), text.size());
      out.push_back({Piece::Kind::literal, text.substr(at, end - at)});
      at = end;
      continue;
    }
    ++at;
    if (at < text.size() && text[at] >= '1' && text[at] <= '9') {
      out.push_back({Piece::Kind::capture, text.substr(at++, 1)});
      continue;
    }
    const bool braced = at < text.size() && text[at] == '{';
    if (braced) ++at;
    std::size_t end = at;
    while (end < text.size() && is_name(text[end])) ++end;
    out.push_back({Piece::Kind::variable, text.substr(at, end - at)});
    at = end + (braced && end < text.size() ? 1 : 0);
  }
  return out;
}

std::string capture(const Visit& visit, std::string_view digit) {
  const auto number = static_cast<std::size_t>(digit.front() - '0');
  return number < visit.captures.size() ? visit.captures[number] : "";
}

std::optional<std::string> value_of(Visit& visit, std::string_view written, bool fresh) {
  const std::string name = lower(written);
  const auto known = visit.values.find(name);
  if (known != visit.values.end() && (!fresh || !changes(name))) return known->second;
  bool keeps = true;
  auto value = evaluate(visit, name, keeps);
  if (keeps || changes(name)) visit.values[name] = value;
  return value;
}

std::optional<std::vector<std::string>> values_of(Visit& visit, const std::vector<Piece>& pieces,
                                                  bool fresh) {
  std::vector<std::string> out;
  std::size_t length = 0;
  for (const Piece& piece : pieces) {
    std::optional<std::string> value(piece.text);
    if (piece.kind == Piece::Kind::capture) value = capture(visit, piece.text);
    if (piece.kind == Piece::Kind::variable) value = value_of(visit, piece.text, fresh);
    if (!value || (length += value->size()) > kLongest) return std::nullopt;
    out.push_back(std::move(*value));
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!has_changed(visit, pieces[i], out[i])) continue;
    visit.notes.push_back("$" + std::string(pieces[i].text) +
                          " changes while a text with it is put together");
    return std::nullopt;
  }
  return out;
}

std::optional<std::string> expand(Visit& visit, std::string_view text, bool fresh) {
  const auto values = values_of(visit, pieces_of(text), fresh);
  if (!values) return std::nullopt;
  std::string out;
  for (const std::string& value : *values) out += value;
  return out;
}

bool matches(Visit& visit, std::string_view pattern, bool caseless, std::string_view subject) {
  auto match = regex_match(pattern, caseless, subject);
  if (!match) return false;
  visit.captures = std::move(match->numbered);
  for (auto& [name, value] : match->named) visit.values[lower(name)] = std::move(value);
  return true;
}

}  // namespace hopcheck::nginx
