// The http block, understood; shared between the parts that decide who answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// Servers, locations, upstreams. What was parsed is understood even where nginx would refuse
/// it: its workers still run an older configuration.
Fact<Site> understand(const Config& config);
Fact<Site> understand(Config&&) = delete;  // the site would outlive it

/// The kind of a directive that hands requests on or makes the answer, or nothing.
std::optional<Action::Kind> handler_kind(std::string_view name);

/// The top-level block around a directive, nothing for one that stands outside.
std::optional<std::uint32_t> http_around(const Config& config, std::uint32_t index);

/// Where files come from: the nearest root or alias.
struct Files {
  std::string path{"html"};
  bool alias{false};
  std::optional<std::uint32_t> directive{};
};

/// Takes over a root or alias of the block at `index`.
void inherit_files(const Config& config, std::uint32_t index, Files& files);

/// Whether this kind hands the request to somebody at an address.
bool is_pass(Action::Kind kind);

/// Whether an `if` block may answer, or change who does.
bool may_answer(const Directive& condition);

Action return_action(const Directive& directive);
Action deny_action(const Directive& directive);
/// The last directive of a block that makes the answer, or nothing; and what it does.
std::optional<Directive> handler_of(const Directive& block);
std::optional<Action> handler_action(const Directive& block);

/// Adds to the action's reason.
void note(Action& action, const std::string& reason);
/// "if (-f $x) { (/etc/nginx/nginx.conf:7)".
std::string cited(const Directive& directive);

/// What the block at `index` does with a request, as written; `files` is what it inherits, and
/// afterwards what it hands down.
Action written_action(const Config& config, std::uint32_t index, Files& files);

/// How one of the block's names fits a host (lowercase, without port); nothing where none does.
std::optional<Chosen::By> fitting_name(const ServerBlock& server, const std::string& host);

/// The blocks among which nginx chooses by name for a connection to this address, in its order.
std::vector<const ServerBlock*> servers_taking(const Site& site, const std::string& address,
                                               int port);

/// What this block would answer if the request came to it.
Chosen answer_in(const Config& config, const Site& site, const ServerBlock& server,
                 const Asked& asked);

/// Name of the upstream block that a pass directive's target means, "" for none.
std::string upstream_of(const Site& site, const Action& action);

}  // namespace hopcheck::nginx
