// Compares nginx's files with its sockets, its workers and its answers.
#include "hopcheck/nginx_live.h"

#include <algorithm>
#include <set>

#include "facts/nginx/address.h"
#include "facts/nginx/site.h"
#include "hopcheck/cite.h"
#include "host/given_nginx.h"
#include "model/state.h"

namespace hopcheck {
namespace {

using nginx::Listen;
using Sign = NotLoaded::Sign;

// Start times are counted in ticks since a boot that is known to the second only.
constexpr long long kClockSlackS = 2;

constexpr const char* kWelcome = "Welcome to nginx";

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// A broken brace gives what follows another meaning; a word that nginx does not know does not.
bool reads_well(const nginx::Config& config) {
  return std::none_of(config.problems.begin(), config.problems.end(), [](const auto& problem) {
    return problem.message.starts_with("unexpected") ||
           problem.message.find("terminated") != std::string::npos;
  });
}

class Comparison {
 public:
  Comparison(const Deployment& host, const nginx::Instance& instance)
      : host_(host), instance_(instance) {}

  std::vector<NotLoaded> run() {
    const nginx::Config& config = *instance_.config;
    const bool whole = config.missing.empty() && instance_.site->missing.empty();
    if (!reads_well(config)) return {};
    if (!whole) throw NotSeen(instance_.site->missing.front());
    host_.requested().all();  // a request that was not seen may be the one that fails
    read_listens();
    look_at_sockets();
    look_at_answers();
    if (signs_.empty() && hidden_) throw NotSeen(*hidden_);
    return std::move(signs_);
  }

 private:
  /// The master alone: in the moment of a reload old workers hold what it has closed.
  bool holds(const Listener& listener) const {
    const auto& holders = listener.pids.seen_items();
    return std::find(holders.begin(), holders.end(), instance_.master) != holders.end();
  }

  /// Of http, stream and mail alike; a server without one listens on port 80.
  void read_listens() {
    const nginx::Config& config = *instance_.config;
    for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
      const auto directive = config.at(i);
      if (directive.name() != "listen" || directive.is_block()) continue;
      const auto args = directive.args();
      if (std::find(args.begin(), args.end(), "udp") != args.end()) continue;
      for (Listen& listen : nginx::parse_listen(directive)) listens_.push_back(std::move(listen));
    }
    for (const auto& server : instance_.site->servers)
      listens_.insert(listens_.end(), server.listens.begin(), server.listens.end());
  }

  const Route* requested_on(int port) const {
    for (const Route* route : host_.requested().seen_items()) {
      if (route->request.port == port) return route;
    }
    return nullptr;
  }

  void look_at_sockets() {
    const auto& sockets = host_.listeners()->seen_items();
    std::set<int> served;
    std::set<int> written;
    bool here = false;
    for (const Listener& listener : sockets) {
      if (listener.kind != Listener::Kind::tcp) continue;
      served.insert(listener.port);
      here = here || holds(listener);
    }
    for (const Listen& listen : listens_) {
      if (listen.path.empty()) written.insert(listen.port);
      here = here || (listen.path.empty() && served.count(listen.port) > 0);
    }
    // Its sockets may lie in another network namespace.
    if (!here) return;
    for (const Listen& listen : listens_) {
      if (listen.path.empty() && served.insert(listen.port).second) add_unserved(listen);
    }
    for (const Listener& listener : sockets) {
      if (listener.kind != Listener::Kind::tcp || written.count(listener.port) > 0) continue;
      if (holds(listener)) {
        written.insert(listener.port);
        add_leftover(listener);
      } else if (!listener.pids.complete()) {
        hidden_ = listener.pids.missing().front();
      }
    }
  }

  static bool is_good(const Route& route, const Exchange& exchange) {
    if (!exchange.answered()) return false;
    if (route.request.scheme == "tcp") return true;
    return route.kind == Route::Kind::probe
               ? route.target->lb.codes.value.contains(exchange.status)
               : exchange.status < 400 && exchange.body.find(kWelcome) == std::string::npos;
  }

  void add_unserved(const Listen& listen) {
    NotLoaded sign;
    sign.sign = Sign::nobody_listens;
    sign.route = requested_on(listen.port);
    sign.fails = sign.route != nullptr;
    sign.written = listen.from.text.substr(0, listen.from.text.find(';'));
    sign.node = "listener:" + address_text(listen.address, listen.port);
    sign.live = "nobody listens on port " + std::to_string(listen.port);
    sign.evidence = {listen.from, cite_no_listener("port " + std::to_string(listen.port))};
    add_times(sign, {listen.from.source});
    signs_.push_back(std::move(sign));
  }

  void add_leftover(const Listener& listener) {
    NotLoaded sign;
    sign.sign = Sign::still_listens;
    sign.route = requested_on(listener.port);
    sign.written = "no listen for port " + std::to_string(listener.port);
    sign.node = "listener:" + listener.text();
    sign.live = "nginx listens on " + listener.text();
    sign.evidence = {cite(listener)};
    add_times(sign, instance_.config->files);
    signs_.push_back(std::move(sign));
  }

  void look_at_answers() {
    for (const Route* route : host_.requested().seen_items()) {
      if (route->instance != &instance_ || route->server == nullptr) continue;
      const auto probe = host_.probe(*route);
      if (!probe.seen()) hidden_ = probe.unseen();
      if (!probe.seen() || !differs(*route, *probe)) continue;
      NotLoaded sign;
      sign.sign = Sign::other_answer;
      sign.route = route;
      sign.fails = !is_good(*route, *probe);
      sign.written = route->action.from.text.substr(0, route->action.from.text.find(';'));
      sign.live = describe(*probe);
      sign.evidence = {cite(route->request, *probe), route->action.from};
      add_times(sign, {route->action.from.source, route->server->from.source,
                       folder_of(route->server->from.source), instance_.conf_path});
      // An answer may have other reasons; that the files are newer must come to it.
      if (sign.changed > sign.loaded + kClockSlackS) {
        signs_.push_back(std::move(sign));
      } else if (undated_) {
        hidden_ = undated_;
      }
    }
  }

  /// The files leave no room for this answer.
  bool differs(const Route& route, const Exchange& exchange) {
    const nginx::Action& action = route.action;
    const bool closed = exchange.outcome == Exchange::Outcome::reset && exchange.connected;
    if (!exchange.answered() && !closed) return false;
    if (action.kind == nginx::Action::Kind::return_) {
      const bool sure = action.reason.empty() && route.access.empty() && action.status > 0 &&
                        !is_in_force(route, "error_page");
      if (!sure) return false;
      return action.status == 444 ? !closed : exchange.status != action.status;
    }
    if (!nginx::is_pass(action.kind) || !exchange.answered()) return false;
    // What is passed on comes back as the application made it.
    const bool welcome = exchange.body.find(kWelcome) != std::string::npos;
    const bool own_404 = exchange.status == 404 && author(exchange) == Author::nginx &&
                         !turns_errors_into_pages(route);
    if (welcome || own_404) return ends_at_an_app(route);
    return has_another_way(route, exchange);
  }

  /// What is passed on to a further nginx may come back with its pages.
  bool ends_at_an_app(const Route& route) {
    return !route.endpoints.empty() && std::all_of(route.endpoints.begin(), route.endpoints.end(),
                                                   [&](const Endpoint& endpoint) {
                                                     const auto app = host_.app_behind(endpoint);
                                                     if (!app.seen()) return hide(app.unseen());
                                                     return *app != nullptr;
                                                   });
  }

  bool is_in_force(const Route& route, const char* name) const {
    const std::uint32_t block =
        route.location != nullptr ? route.location->directive : route.server->directive;
    return nginx::in_force(*instance_.config, block, name).has_value();
  }

  bool turns_errors_into_pages(const Route& route) const {
    for (const char* name : {"proxy_intercept_errors", "uwsgi_intercept_errors", "auth_request",
                             "limit_except", "try_files"}) {
      if (is_in_force(route, name)) return true;
    }
    return false;
  }

  /// nginx gets no answer, and what its files name gives one to a user with nginx's rights.
  bool has_another_way(const Route& route, const Exchange& exchange) {
    if (exchange.status != 502 || author(exchange) != Author::nginx) return false;
    if (route.endpoints.size() != 1) return false;
    const Endpoint& endpoint = route.endpoints.front();
    if (endpoint.member.is_unix()) {
      const auto walk = host_.walk(endpoint.member.path);
      if (!walk.seen()) return hide(walk.unseen());
      if (!walk->whole.seen()) return hide(walk->whole.unseen());
      if (!instance_.worker.seen()) return hide(instance_.worker.unseen());
      if (!walk->exists() || denied_at(*instance_.worker, *walk) != nullptr) return false;
    }
    const auto direct = host_.direct(route, endpoint);
    if (!direct.seen()) return hide(direct.unseen());
    return direct->answered() && direct->status < 500;
  }

  bool hide(const Unseen& unseen) {
    hidden_ = unseen;
    return false;
  }

  void add_times(NotLoaded& sign, const std::vector<std::string>& files) {
    for (const auto& process : host_.processes()->seen_items()) {
      const bool worker = std::find(instance_.workers.begin(), instance_.workers.end(),
                                    process.pid) != instance_.workers.end();
      if (worker && (sign.loaded == 0 || process.started < sign.loaded))
        sign.loaded = process.started;
    }
    std::set<std::string> asked;
    for (const auto& file : files) {
      if (!asked.insert(file).second || asked.size() > kMostFiles) continue;
      const auto changed = decoded<long long>(
          host_.state().host.ask(ask::changed(file)), "when " + file + " was changed",
          [](const std::string& text) { return parse_utc(text.substr(0, text.find('\n'))); });
      if (!changed.seen()) undated_ = changed.unseen();
      if (!changed.seen() || *changed <= sign.changed) continue;
      sign.changed = *changed;
      sign.file = file;
    }
  }

  static constexpr std::size_t kMostFiles = 40;

  const Deployment& host_;
  const nginx::Instance& instance_;
  std::vector<Listen> listens_{};
  std::vector<NotLoaded> signs_{};
  std::optional<Unseen> hidden_{};   ///< what could have held a sign
  std::optional<Unseen> undated_{};  ///< a file whose age was not seen
};

}  // namespace

Fact<std::vector<NotLoaded>> not_loaded(const Deployment& host, const nginx::Instance& instance) {
  if (!instance.running.seen()) return instance.running.unseen();
  if (instance.master == 0 || !*instance.running || instance.workers.empty())
    return std::vector<NotLoaded>{};
  if (!instance.site.seen()) return instance.site.unseen();
  if (given_nginx(host.state().host)) {
    return Unseen{
        Unseen::Why::out_of_scope, "whether nginx runs with the configuration that was given", {}};
  }
  try {
    return Comparison(host, instance).run();
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

std::string clock_text(long long seconds) {
  const std::string text = utc_text(seconds);
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

}  // namespace hopcheck
