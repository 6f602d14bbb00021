// The walk, and the rules that many directives share.
#include "facts/nginx/refusal/judge.h"

#include <algorithm>

#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

constexpr std::size_t kMaxRefusals = 100;

}  // namespace

Judge::Handler Judge::handler_of(const Word& word, Context context) {
  namespace in = context;
  static constexpr Context kIn = in::server | in::server_if | in::location | in::location_if;
  static constexpr Context kSet = in::http | in::server | in::location | in::location_if;
  static const Entry kEntries[] = {
      {"access_log", kSet | in::limit_except, &Judge::access_log},
      {"add_header", kSet, &Judge::script},
      {"allow", in::any_http, &Judge::access_rule},
      {"alias", kSet, &Judge::root},
      {"auth_basic", in::any_http, &Judge::script},
      {"auth_request_set", in::any_http, &Judge::set},
      {"deny", in::any_http, &Judge::access_rule},
      {"error_log", in::main | in::any_http, &Judge::error_log},
      {"error_page", kSet, &Judge::error_page},
      {"expires", kSet, &Judge::expires},
      {"fastcgi_cache", kSet, &Judge::use_zone},
      {"fastcgi_cache_path", in::http, &Judge::give_zone},
      {"fastcgi_param", in::any_http, &Judge::late_script},
      {"fastcgi_pass", kIn, &Judge::pass_on},
      {"fastcgi_split_path_info", kSet, &Judge::split_path},
      {"geo", in::http, &Judge::define},
      {"grpc_pass", kIn, &Judge::pass_on},
      {"hash", in::upstream, &Judge::upstream_method},
      {"if", in::server | in::location, &Judge::condition},
      {"ip_hash", in::upstream, &Judge::upstream_method},
      {"keepalive_timeout", in::http | in::server | in::location, &Judge::keepalive_timeout},
      {"limit_conn", kSet, &Judge::use_zone},
      {"limit_conn_zone", in::http, &Judge::give_zone},
      {"limit_req", kSet, &Judge::use_zone},
      {"limit_req_zone", in::http, &Judge::give_zone},
      {"listen", in::server, &Judge::http_listen},
      {"location", in::server | in::location, &Judge::location},
      {"log_format", in::http, &Judge::log_format},
      {"map", in::http, &Judge::define},
      {"memcached_pass", kIn, &Judge::pass_on},
      {"proxy_cache", kSet, &Judge::use_zone},
      {"proxy_cache_path", in::http, &Judge::give_zone},
      {"proxy_pass", kIn | in::limit_except, &Judge::proxy_pass},
      {"proxy_redirect", in::http | in::server | in::location, &Judge::proxy_redirect},
      {"proxy_set_header", in::any_http, &Judge::late_script},
      {"random", in::upstream, &Judge::upstream_method},
      {"return", kIn, &Judge::return_},
      {"rewrite", kIn, &Judge::rewrite},
      {"root", kSet, &Judge::root},
      {"scgi_cache", kSet, &Judge::use_zone},
      {"scgi_cache_path", in::http, &Judge::give_zone},
      {"scgi_pass", kIn, &Judge::pass_on},
      {"server", in::upstream, &Judge::upstream_server},
      {"server_name", in::server, &Judge::server_name},
      {"set", kIn, &Judge::set},
      {"split_clients", in::http, &Judge::define},
      {"ssl_certificate", in::http | in::server, &Judge::certificate},
      {"try_files", in::server | in::location, &Judge::try_files},
      {"upstream", in::http, &Judge::upstream},
      {"uwsgi_cache", kSet, &Judge::use_zone},
      {"uwsgi_cache_path", in::http, &Judge::give_zone},
      {"uwsgi_param", in::any_http, &Judge::late_script},
      {"uwsgi_pass", kIn, &Judge::pass_on},
      {"worker_processes", in::main, &Judge::worker_processes}};
  static const std::vector<const Entry*> by_id = [] {
    std::vector<const Entry*> all;
    for (const Entry& entry : kEntries) {
      const Word* known = find_word(entry.name);
      if (known == nullptr) continue;
      if (all.size() <= known->id) all.resize(known->id + std::size_t{1});
      all[known->id] = &entry;
    }
    return all;
  }();
  const Entry* entry = word.id < by_id.size() ? by_id[word.id] : nullptr;
  return entry != nullptr && (entry->contexts & context) != 0 ? entry->handler : nullptr;
}

std::vector<Refusal> Judge::run() {
  const auto count = static_cast<std::uint32_t>(config_.nodes.size());
  open_.emplace_back();
  block().context = outermost_;
  for (index_ = 0; index_ < count && refusals_.size() < kMaxRefusals; ++index_) {
    while (depth_ > 0 && block().end <= index_) leave();
    take(index_);
    if (config_.nodes[index_].block != 0) enter(index_);
  }
  while (depth_ > 0) leave();
  finish();
  return std::move(refusals_);
}

void Judge::take(std::uint32_t index) {
  if (block().context == context::raw) return take_raw(index);
  if (words_[index] == kNoWord) return;
  const Word& known = *word_of(words_[index]);
  has_events_ |= known.name == "events";
  if (known.value != Value::any && known.value != Value::some_of && given_before(known)) {
    return refuse(quoted() + " directive is duplicate");
  }
  const auto arguments = config_.arguments(config_.nodes[index]);
  if (known.value != Value::any) {
    if (auto message = refused_value(known, arguments)) return refuse(std::move(*message));
  }
  if (const Handler handler = handler_of(known, block().context)) (this->*handler)(arguments);
}

bool Judge::given_before(const Word& known) {
  auto& once = block().once;
  if (std::find(once.begin(), once.end(), known.id) != once.end()) return true;
  once.push_back(known.id);
  return false;
}

void Judge::enter(std::uint32_t index) {
  const Node& node = config_.nodes[index];
  const std::string_view name = config_.name(node);
  const Context inside = context_inside(name, block().context);
  if (++depth_ == open_.size()) open_.emplace_back();
  Block& inner = block();
  inner.node = index;
  inner.end = node.end;
  inner.context = inside;
  inner.once.clear();
  inner.locations.clear();
  inner.place = name == "location" ? place_ : Place{};
  inner.place.noname = inside == context::server_if || inside == context::location_if ||
                       inside == context::limit_except;
  inner.has_root = inner.has_alias = inner.has_default = inner.no_backup = false;
  inner.hostnames = inner.ranges = false;
  inner.keys.clear();
  inner.members = 0;
}

void Judge::leave() {
  Block& closed = block();
  --depth_;
  if (closed.locations.size() > 1) leave_locations(closed);
  if (closed.context != context::upstream && closed.context != context::http) return;
  // What the end of a file cut off was never finished.
  const auto close = lines_.closes.find(closed.node);
  if (close == lines_.closes.end()) return;
  if (closed.context == context::http) return finish_http(closed.node);
  if (closed.members > 0 || !whole() || has_unknown(closed.node)) return;
  Problem problem = problem_at(closed.node, "no servers are inside upstream");
  problem.line = static_cast<int>(close->second.line);
  refuse_at_close(closed.node, std::move(problem));
}

void Judge::finish() {
  if (outermost_ == context::main && !has_events_ && whole()) {
    refuse_at(kAtEnd, {"", 0, "no \"events\" section in configuration"});
  }
}

Problem Judge::problem_at(std::uint32_t node, std::string message) const {
  const Origin at = config_.nodes[node].at;
  const auto end = lines_.ends.find(node);
  const std::uint32_t line = end == lines_.ends.end() ? at.line : end->second;
  return {config_.files[at.file], static_cast<int>(line), std::move(message)};
}

void Judge::refuse(std::string message) {
  refuse_at(index_, problem_at(index_, std::move(message)));
}

void Judge::refuse_at(std::uint32_t order, Problem problem) {
  refusals_.push_back({.before = order, .problem = std::move(problem)});
}

/// What nginx says when it comes to the block's `}`.
void Judge::refuse_at_close(std::uint32_t block, Problem problem) {
  const auto close = lines_.closes.find(block);
  if (close == lines_.closes.end()) return;
  refusals_.push_back({config_.nodes[block].end, close->second.problems, std::move(problem)});
}

/// Whether a module that we do not know may have put something into the block: `state` and
/// `jdomain` give servers to an upstream.
bool Judge::has_unknown(std::uint32_t block) const {
  for (std::uint32_t i = block + 1; i < config_.nodes[block].end; ++i) {
    if (words_[i] == kNoWord && find_word(config_.at(i).name()) == nullptr) return true;
  }
  return false;
}

std::vector<Refusal> refusals(const Config& config, const std::vector<WordId>& words,
                              const Lines& lines, Context outermost) {
  return Judge(config, words, lines, outermost).run();
}

}  // namespace hopcheck::nginx
