// What a server block or a location does with a request, as written.
#include <algorithm>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/site.h"

namespace hopcheck::nginx {

namespace {

using Kind = Action::Kind;

struct Handler {
  std::string_view name{};
  Kind kind{Kind::other};
};

constexpr Handler kHandlers[] = {{"proxy_pass", Kind::proxy_pass},
                                 {"uwsgi_pass", Kind::uwsgi_pass},
                                 {"fastcgi_pass", Kind::fastcgi_pass},
                                 {"grpc_pass", Kind::grpc_pass},
                                 {"scgi_pass", Kind::other},
                                 {"memcached_pass", Kind::other},
                                 {"tunnel_pass", Kind::other},
                                 {"redis_pass", Kind::other},
                                 {"stub_status", Kind::other},
                                 {"empty_gif", Kind::other},
                                 {"perl", Kind::other},
                                 {"js_content", Kind::other},
                                 {"content_by_lua", Kind::other},
                                 {"content_by_lua_block", Kind::other},
                                 {"content_by_lua_file", Kind::other},
                                 {"echo", Kind::other},
                                 {"status", Kind::other},
                                 {"api", Kind::other}};

/// What the directives of one block amount to.
struct Found {
  std::optional<Directive> handler{};
  std::optional<Directive> return_{};
  std::optional<Directive> rewrite{};
  std::optional<Directive> first_rule{};  ///< allow or deny
  std::optional<Directive> try_files{};
  std::optional<Directive> condition{};  ///< an `if` that may answer
  std::optional<Directive> unread{};     ///< an include that could not be read
  bool stopped{false};                   ///< `break` ends the rewrite directives
};

void look_at_rewrites(const Directive& child, Found& found) {
  if (found.stopped || found.return_) return;
  const std::string_view name = child.name();
  if (name == "break") found.stopped = true;
  if (name == "return") found.return_ = child;
  if (name == "rewrite" && !found.rewrite && child.arg(2) != "break") found.rewrite = child;
  if (name == "if" && !found.condition && may_answer(child)) found.condition = child;
}

void look_at(const Directive& child, Found& found) {
  const std::string_view name = child.name();
  look_at_rewrites(child, found);
  if (handler_kind(name) && name != "if") found.handler = child;
  if ((name == "allow" || name == "deny") && !found.first_rule) found.first_rule = child;
  if (name == "try_files") found.try_files = child;
  if (name == "include" && !found.unread) found.unread = child;
}

Action action_of(Kind kind, const Directive& directive, std::string_view target) {
  Action out;
  out.kind = kind;
  out.target = target;
  out.from = directive.evidence();
  return out;
}

Action try_files_action(const Directive& directive, const Files& files) {
  const std::string_view last = directive.args().empty() ? "" : directive.args().back();
  Action out = action_of(Kind::rewrite, directive, last);
  if (last.starts_with('=')) {
    out.kind = Kind::static_;
    out.target = files.path;
    out.reason = std::string(last.substr(1)) + " where the file is missing";
  } else {
    out.reason = "where none of the files before it exists";
  }
  return out;
}

Action static_action(const Config& config, const Directive& block, const Files& files) {
  const Directive from = files.directive ? config.at(*files.directive) : block;
  return action_of(Kind::static_, from, files.path);
}

bool denies_all(const std::optional<Directive>& rule) {
  return rule && rule->name() == "deny" && rule->arg(0) == "all";
}

Action pick(const Config& config, const Directive& block, const Found& found, const Files& files) {
  if (found.return_) return return_action(*found.return_);
  if (found.handler) return *handler_action(block);
  if (found.rewrite) return action_of(Kind::rewrite, *found.rewrite, found.rewrite->arg(1));
  if (denies_all(found.first_rule)) return deny_action(*found.first_rule);
  if (found.try_files) return try_files_action(*found.try_files, files);
  return static_action(config, block, files);
}

}  // namespace

std::optional<Action::Kind> handler_kind(std::string_view name) {
  const auto found = std::find_if(std::begin(kHandlers), std::end(kHandlers),
                                  [name](const Handler& one) { return one.name == name; });
  if (found == std::end(kHandlers)) return std::nullopt;
  return found->kind;
}

std::optional<std::uint32_t> http_around(const Config& config, std::uint32_t index) {
  for (std::uint32_t i = 0; i < config.nodes.size(); i = config.nodes[i].end) {
    if (i < index && index < config.nodes[i].end) return i;
  }
  return std::nullopt;
}

bool is_pass(Action::Kind kind) {
  return kind == Kind::proxy_pass || kind == Kind::uwsgi_pass || kind == Kind::fastcgi_pass ||
         kind == Kind::grpc_pass;
}

bool may_answer(const Directive& condition) {
  const auto inside = condition.children();
  return std::any_of(inside.begin(), inside.end(), [](const Directive& child) {
    return child.name() == "return" || child.name() == "rewrite" || handler_kind(child.name());
  });
}

Action return_action(const Directive& directive) {
  const int status = parse_port(directive.arg(0));
  const bool has_text = directive.args().size() > 1;
  Action out = action_of(Kind::return_, directive, directive.arg(has_text ? 1 : 0));
  // `return URL;` is a 302.
  out.status = status < 0 ? 302 : status;
  return out;
}

Action deny_action(const Directive& directive) {
  Action out = action_of(Kind::deny, directive, "403");
  out.status = 403;
  return out;
}

std::optional<Directive> handler_of(const Directive& block) {
  std::optional<Directive> out;
  for (const Directive& child : block.children()) {
    if (handler_kind(child.name())) out = child;
  }
  return out;
}

std::optional<Action> handler_action(const Directive& block) {
  const auto handler = handler_of(block);
  if (!handler) return std::nullopt;
  const Kind kind = *handler_kind(handler->name());
  return action_of(kind, *handler, kind == Kind::other ? handler->name() : handler->arg(0));
}

void note(Action& action, const std::string& reason) {
  action.sure = false;
  if (!action.reason.empty()) action.reason += "; ";
  action.reason += reason;
}

std::string cited(const Directive& directive) {
  const Evidence from = directive.evidence();
  return from.text + " (" + from.source + ":" + std::to_string(from.line) + ")";
}

void inherit_files(const Config& config, std::uint32_t index, Files& files) {
  const std::uint32_t end = config.nodes[index].end;
  for (std::uint32_t i = index + 1; i < end; i = config.nodes[i].end) {
    const Directive child = config.at(i);
    if (child.name() != "root" && child.name() != "alias") continue;
    files = {std::string(child.arg(0)), child.name() == "alias", i};
  }
}

Action written_action(const Config& config, std::uint32_t index, Files& files) {
  const Directive block = config.at(index);
  inherit_files(config, index, files);
  Found found;
  const std::uint32_t end = config.nodes[index].end;
  for (std::uint32_t i = index + 1; i < end; i = config.nodes[i].end) {
    look_at(config.at(i), found);
  }
  Action out = pick(config, block, found, files);
  // Access is judged after the rewrite directives and before any handler.
  if (denies_all(found.first_rule) && out.kind != Kind::return_ && out.kind != Kind::rewrite) {
    out = deny_action(*found.first_rule);
  }
  if (found.condition) note(out, cited(*found.condition) + " may answer instead");
  if (found.unread && !found.handler && !found.return_) {
    out.kind = Kind::unknown;
    note(out, "an include could not be read: " + found.unread->text());
  }
  return out;
}

std::string upstream_of(const Site& site, const Action& action) {
  if (!is_pass(action.kind)) return {};
  const auto place = parse_place(action.kind, action.target);
  if (!place || place->host.empty()) return {};
  return site.upstreams.name_of(place->host);
}

}  // namespace hopcheck::nginx
