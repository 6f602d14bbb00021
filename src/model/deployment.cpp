// The Deployment: each fact asked for and understood once.
#include "hopcheck/deployment.h"

#include <algorithm>
#include <future>

#include "facts/systemd/journal.h"
#include "hopcheck/sample.h"
#include "model/state.h"

namespace hopcheck {

Fact<std::string> text_of(const Answer& answer, const std::string& absent_as) {
  switch (answer.status) {
    case Answer::Status::present:
      return answer.text;
    case Answer::Status::absent:
      return Unseen{Unseen::Why::not_installed, absent_as, {}};
    case Answer::Status::unseen:
      break;
  }
  return answer.why;
}

namespace {

std::vector<std::string> names_in(const Answer& listing, bool directories) {
  std::vector<std::string> names;
  if (listing.status != Answer::Status::present) return names;
  for (std::size_t begin = 0; begin < listing.text.size();) {
    const auto end = std::min(listing.text.find('\n', begin), listing.text.size());
    const auto words = split_words(listing.text.substr(begin, end - begin));
    begin = end + 1;
    if (words.size() > 1 && (directories || words[0] != "directory")) names.push_back(words[1]);
  }
  return names;
}

}  // namespace

std::vector<std::string> files_in(const Answer& listing) {
  return names_in(listing, false);
}

std::vector<std::string> entries_in(const Answer& listing) {
  return names_in(listing, true);
}

const Fact<Identity>& identity_of(Deployment::State& state) {
  return state.identity.get([&] {
    return decoded<Identity>(state.host.ask(ask::identity()), "this host", decode_identity);
  });
}

Deployment::Deployment(Host& host, std::vector<Target> targets, int since_ms)
    : state_(std::make_unique<State>(host, std::move(targets), since_ms)) {}
Deployment::~Deployment() = default;

const std::vector<Target>& Deployment::targets() const {
  return state_->targets.get([&] { return complete_targets(*this, state_->given); });
}

const Fact<Partial<Process>>& Deployment::processes() const {
  return state_->processes.get([&]() -> Fact<Partial<Process>> {
    const Answer answer = state_->host.ask(ask::processes());
    return decoded<Partial<Process>>(answer, "the process table", [&](const std::string& text) {
      return Partial<Process>(decode_processes(text), answer.missing);
    });
  });
}

const Fact<Partial<Listener>>& Deployment::listeners() const {
  return state_->listeners.get([&]() -> Fact<Partial<Listener>> {
    const Answer answer = state_->host.ask(ask::listeners());
    return decoded<Partial<Listener>>(
        answer, "the listening sockets", [&](const std::string& text) {
          // Hidden holders are missing from the listeners that they hold, not from the table.
          return Partial<Listener>(absolute(decode_listeners(text), processes().if_seen()));
        });
  });
}

const Fact<std::vector<nginx::Instance>>& Deployment::nginx() const {
  return state_->nginx.get([&] { return find_nginx(*this, *state_); });
}

const Fact<std::vector<AppServer>>& Deployment::app_servers() const {
  return state_->app_servers.get([&] { return complete_servers(*this, *state_); });
}

const Fact<Partial<Unit>>& Deployment::units() const {
  return state_->units.get([&] { return find_units(*this, *state_); });
}

const std::vector<Route>& Deployment::routes() const {
  return state_->routes.get([&] { return build_routes(*this); });
}

std::vector<const Route*> Deployment::routes_through(const std::string& node) const {
  const auto& index = state_->routes_by_node.get([&] {
    std::map<std::string, std::vector<const Route*>> by_node;
    for (const auto& route : routes()) {
      for (const auto& on_it : route.nodes) {
        auto& through = by_node[on_it];
        if (through.empty() || through.back() != &route) through.push_back(&route);
      }
    }
    return by_node;
  });
  const auto found = index.find(node);
  return found == index.end() ? std::vector<const Route*>{} : found->second;
}

const Partial<const Route*>& Deployment::requested() const {
  return state_->requested.get([&] {
    Partial<const Route*> some;
    for (const auto& route : routes()) {
      if (route.requested()) some.add(&route);
    }
    const auto asked = requested_routes(*this);
    for (const auto& missing : asked.missing()) some.add_missing(missing);
    return some;
  });
}

const Partial<const Route*>& Deployment::proxied() const {
  return state_->proxied.get([&] {
    Partial<const Route*> some;
    for (const auto& missing : requested().missing()) some.add_missing(missing);
    for (const auto& route : routes()) {
      if (!route.endpoints.empty()) some.add(&route);
      if (!route.followed.seen()) some.add_missing(route.followed.unseen());
    }
    if (!nginx().seen()) some.add_missing(nginx().unseen());
    const auto instances = nginx().seen() ? *nginx() : std::vector<nginx::Instance>{};
    for (const auto& instance : instances) {
      if (!instance.site.seen()) some.add_missing(instance.site.unseen());
      if (!instance.site.seen()) continue;
      for (const auto& missing : instance.site->missing) some.add_missing(missing);
    }
    return some;
  });
}

const Partial<Endpoint>& Deployment::endpoints() const {
  return state_->endpoints.get([&] {
    Partial<Endpoint> distinct({}, proxied().missing());
    std::map<std::string, bool> known;
    for (const Route* route : proxied().seen_items()) {
      for (const auto& endpoint : route->endpoints) {
        if (known.emplace(endpoint.node(), true).second) distinct.add(endpoint);
      }
    }
    return distinct;
  });
}

std::vector<Deployment::Sender> Deployment::senders(const Endpoint& endpoint) const {
  std::vector<Sender> senders;
  for (const Route* route : routes_through(endpoint.node())) {
    if (route->instance == nullptr) continue;
    const bool known = std::any_of(senders.begin(), senders.end(), [&](const Sender& sender) {
      return sender.instance == route->instance && sender.from == route->action.from;
    });
    if (!known) senders.push_back({route->instance, route->action.from});
  }
  return senders;
}

Fact<Walk> Deployment::walk(const std::string& path) const {
  return decoded<Walk>(state_->host.ask(ask::walk(path)), path,
                       [&](const std::string& text) { return decode_walk(path, text); });
}

Fact<std::vector<std::string>> Deployment::journal(const std::string& unit) const {
  const auto question = ask::run(journal_command(unit));
  const auto result =
      decoded<CommandResult>(state_->host.ask(question), "the journal of " + unit, decode_command);
  if (!result.seen()) return result.unseen();
  if (result->err.find("insufficient permissions") != std::string::npos ||
      result->err.find("not seeing messages") != std::string::npos) {
    return Unseen{Unseen::Why::denied, "the journal of " + unit, "root"};
  }
  if (result->exit_code != 0) return Unseen{Unseen::Why::failed, "the journal of " + unit, {}};
  return last_words(parse_journal(result->out), state_->since_ms);
}

Fact<bool> Deployment::group_lists(const std::string& group, const std::string& user) const {
  const auto& accounts = state_->accounts.get([&] { return read_accounts(state_->host); });
  if (!accounts.seen()) return accounts.unseen();
  const auto credentials = credentials_of(*accounts, user);
  if (!credentials.seen()) return credentials.unseen();
  return credentials->group == group ||
         std::find(credentials->groups.begin(), credentials->groups.end(), group) !=
             credentials->groups.end();
}

bool Deployment::files_only() const {
  const auto& table = processes();
  return !table.seen() && table.unseen().why == Unseen::Why::out_of_scope;
}

Fact<bool> Deployment::systemd() const {
  const auto& who = identity_of(*state_);
  if (!who.seen()) return who.unseen();
  return who->systemd;
}

Fact<std::vector<std::string>> Deployment::addresses() const {
  const auto& who = identity_of(*state_);
  if (!who.seen()) return who.unseen();
  std::vector<std::string> addresses;
  for (const auto& entry : who->addresses) addresses.push_back(entry.address);
  return addresses;
}

void Deployment::collect() const {
  // Facts that do not wait for each other; each is kept by its memo.
  auto sockets = std::async(std::launch::async, [&] { listeners(); });
  auto who = std::async(std::launch::async, [&] { addresses(); });
  auto managers = std::async(std::launch::async, [&] { units(); });
  auto servers = std::async(std::launch::async, [&] {
    const auto& instances = nginx();
    if (!instances.seen()) return;
    for (const auto& instance : *instances) nginx_test(instance);
  });
  // The requests wait for less than the routes do. One after another: two at once would queue
  // at a single worker and make the slowness.
  const auto requests = requested_routes(*this);
  for (const auto& route : requests.seen_items()) {
    const auto exchange = probe(route);
    // Before the next request joins the queue.
    if (exchange.seen() && exchange->outcome == Exchange::Outcome::timed_out)
      listeners_after_probe(*this);
  }
  routes();
}

}  // namespace hopcheck
