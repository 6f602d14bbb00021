// Reads a request as nginx does, and finds the server block that it is for.
#include <algorithm>
#include <utility>

#include "facts/nginx/letters.h"
#include "facts/nginx/server_names.h"
#include "facts/nginx/site.h"
#include "facts/nginx/sockets.h"
#include "facts/nginx/uri.h"
#include "facts/nginx/visit.h"
#include "hopcheck/nginx_headers.h"

namespace hopcheck::nginx {

namespace {

/// An include outside every server block could not be read: other blocks may be in it.
const Unseen* missing_servers(const Config& config, const Site& site) {
  if (site.missing.empty()) return nullptr;
  for (const Directive& node : config.top()) {
    const bool hole = node.name() == "include" || (node.name() == "http" && node.child("include"));
    if (hole) return &site.missing.front();
  }
  return nullptr;
}

void add_names(NameTable& table, std::size_t owner, const ServerBlock& server) {
  if (server.names.empty()) table.add(owner, "");
  for (const std::string& name : server.names) table.add(owner, name);
}

/// A setting of the server block, else of the http block.
bool is_on(const Config& config, const ServerBlock& server, std::string_view name, bool otherwise) {
  auto setting = config.at(server.directive).child(name);
  const auto http = http_around(config, server.directive);
  if (!setting && http) setting = config.at(*http).child(name);
  return setting ? equal_lower(setting->arg(0), "on") : otherwise;
}

/// A block that is alone at its address is taken without a look at its names, unless the last of
/// its patterns captures.
bool asks_names(const std::vector<Taker>& all) {
  if (all.size() > 1) return true;
  const auto& names = all.front().server->names;
  const auto last = std::find_if(names.rbegin(), names.rend(),
                                 [](const std::string& name) { return name.starts_with('~'); });
  return last != names.rend() && regex_captures(std::string_view(*last).substr(1));
}

/// Finds server blocks for one connection, and reads one request on it.
class Reading {
 public:
  Reading(const Config& config, const Site& site, std::vector<Taker> all, const Asked& asked)
      : config_(config), site_(site), all_(std::move(all)), asked_(asked) {
    server_ = default_of(all_).server;
  }

  Chosen run() {
    begin();
    if (auto refusal = refused_handshake()) return *std::move(refusal);
    read();
    Chosen out = answer(visit_, failed_, why_);
    out.server_by = by_;
    out.server_name = name_;
    return out;
  }

 private:
  struct Named {
    const ServerBlock* server{nullptr};
    NameTable::Match match{};
  };

  void begin();
  void read();
  bool read_first_line();
  bool is_short();
  bool read_host();
  std::optional<Named> by_name(const std::string& host);
  void select(const std::string& host);
  void take(const Named& found, const std::string& host);
  void capture_name(const std::string& host);
  bool expects_tls() const;
  std::optional<Chosen> refused_handshake() const;
  bool fail(int status, std::string why) {
    failed_ = status;
    why_ = std::move(why);
    return false;
  }

  const Config& config_;
  const Site& site_;
  const std::vector<Taker> all_;
  const Asked& asked_;
  const ServerBlock* server_{nullptr};
  Chosen::By by_{Chosen::By::default_};
  std::string name_{};
  std::optional<std::string> sni_{};  ///< where a block was found by it
  Visit visit_{};
  int failed_{0};
  std::string why_{};
};

bool Reading::expects_tls() const {
  const bool by_listen =
      std::any_of(all_.begin(), all_.end(), [](const Taker& one) { return one.listen->ssl; });
  return by_listen || is_on(config_, *default_of(all_).server, "ssl", false);
}

void Reading::begin() {
  visit_.config = &config_;
  visit_.site = &site_;
  visit_.asked = &asked_;
  visit_.server = server_;
  visit_.method = asked_.method;
  visit_.tls = asked_.tls.value_or(expects_tls());
  visit_.client = asked_.client;
  visit_.proxied = std::any_of(all_.begin(), all_.end(),
                               [](const Taker& one) { return one.listen->proxy_protocol; });
  visit_.mapped = asked_.address.find(':') == std::string::npos &&
                  !asked_.address.starts_with('/') &&
                  all_.front().listen->address.find(':') != std::string::npos;
  const auto sni = visit_.tls ? normal_host(asked_.sni) : std::nullopt;
  if (!sni || sni->empty()) return;
  if (const auto found = by_name(*sni)) {
    sni_ = sni;
    take(*found, *sni);
  }
}

/// ssl_reject_handshake: no request is read at all.
std::optional<Chosen> Reading::refused_handshake() const {
  if (!visit_.tls || !is_on(config_, *server_, "ssl_reject_handshake", false)) return std::nullopt;
  Chosen out;
  out.server = server_;
  out.server_by = by_;
  out.server_name = name_;
  out.action.kind = Action::Kind::deny;
  out.action.target = "TLS handshake";
  const auto line = config_.at(server_->directive).child("ssl_reject_handshake");
  out.action.from = line ? line->evidence() : server_->from;
  out.action.reason = "nginx refuses the TLS handshake";
  return out;
}

/// Nothing: the default server's turn.
std::optional<Reading::Named> Reading::by_name(const std::string& host) {
  NameTable table(host);
  for (std::size_t i = 0; i < all_.size(); ++i) add_names(table, i, *all_[i].server);
  const auto found = table.find();
  if (found && found->by == Chosen::By::exact && !host.empty()) {
    return Named{all_[found->owner].server, *found};
  }
  if (const Unseen* hole = missing_servers(config_, site_)) throw NotSeen(*hole);
  if (table.has_hostname() && !host.empty()) {
    throw NotSeen({Unseen::Why::undecidable,
                   "whether " + host + " is the $hostname that a server_name means",
                   {}});
  }
  if (!found) return std::nullopt;
  return Named{all_[found->owner].server, *found};
}

void Reading::take(const Named& found, const std::string& host) {
  server_ = visit_.server = found.server;
  const bool by_nothing = host.empty() && found.server == default_of(all_).server;
  by_ = by_nothing ? Chosen::By::default_ : found.match.by;
  name_ = by_nothing ? "" : found.match.written;
}

/// The parentheses of the name's pattern become $1 and variables.
void Reading::capture_name(const std::string& host) {
  if (by_ != Chosen::By::regex || !asks_names(all_)) return;
  const std::string pattern = name_.substr(1);
  matches(visit_, pattern, lower(pattern) != pattern, host);
}

void Reading::select(const std::string& host) {
  if (sni_ == host) return capture_name(host);
  if (const auto found = by_name(host)) {
    take(*found, host);
    return capture_name(host);
  }
  // Who came by a name in the handshake goes back to the default server.
  server_ = visit_.server = default_of(all_).server;
  by_ = Chosen::By::default_;
  name_.clear();
}

/// One of large_client_header_buffers must hold the whole first line.
bool Reading::is_short() {
  auto setting = config_.at(server_->directive).child("large_client_header_buffers");
  const auto http = http_around(config_, server_->directive);
  if (!setting && http) setting = config_.at(*http).child("large_client_header_buffers");
  const long long most = setting ? size_of(setting->arg(1)) : 8 << 10;
  const std::size_t frame = asked_.method.size() + std::string_view("  HTTP/1.1\r\n").size();
  if (most <= 0 || std::cmp_less_equal(frame + asked_.path.size(), most)) return true;
  // What is wrong at its begin is seen first.
  const auto begin = asked_.path.substr(0, static_cast<std::size_t>(most) - asked_.method.size());
  return read_target(begin) ? fail(414, "the request line is too long")
                            : fail(400, "the request line is invalid");
}

bool Reading::read_first_line() {
  const bool method = std::all_of(asked_.method.begin(), asked_.method.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  if (!method) return fail(400, "the method is invalid");
  if (!is_short()) return false;
  const auto target = read_target(asked_.path);
  if (!target) return fail(400, "the request line is invalid");
  auto uri = normal_uri(target->unparsed, is_on(config_, *server_, "merge_slashes", true));
  if (!uri) return fail(400, "the URI is invalid");
  visit_.uri = std::move(uri->path);
  visit_.args = std::move(uri->args);
  visit_.quoted = uri->quoted;
  visit_.escapes = uri->quoted || uri->has_plus;
  visit_.request_uri = target->unparsed;
  visit_.unparsed_valid = !target->no_path;
  if (!target->absolute) return true;
  const auto host = normal_host(target->host);
  if (!host || host->empty()) return fail(400, "the host in the request line is invalid");
  select(*host);
  visit_.host = *host;
  return true;
}

bool Reading::read_host() {
  visit_.http_host = asked_.host == " " ? "" : asked_.host;
  const bool old = asked_.version.empty() ? asked_.host.empty() : asked_.version == "1.0";
  if (asked_.host.empty()) {
    if (visit_.host.empty()) select("");
    return old ? true : fail(400, "HTTP/1.1 asks for a Host header");
  }
  const auto host = normal_host(asked_.host);
  if (!host) {
    visit_.headers_read = false;
    return fail(400, "the Host header is invalid");
  }
  if (!visit_.host.empty()) return true;
  select(*host);
  visit_.host = *host;
  return true;
}

void Reading::read() {
  visit_.headers_read = false;
  if (!read_first_line()) return;
  visit_.headers_read = true;
  if (!read_host()) return;
  if (asked_.headers) {
    const auto length = asked_.headers->find("content-length");
    if (length != asked_.headers->end()) visit_.body = size_of(length->second);
  }
  if (asked_.method == "TRACE" || asked_.method == "CONNECT") {
    fail(405, "nginx itself refuses the method " + asked_.method);
  } else if (!visit_.tls && expects_tls()) {
    fail(497, "a plain request came to a TLS port");
  }
  const auto asks = config_.at(server_->directive).child("ssl_verify_client");
  if (visit_.tls && asks && asks->arg(0) == "on") {
    visit_.notes.push_back(cited(*asks) + " decides by the client's certificate");
  }
}

}  // namespace

std::optional<Chosen::By> fitting_name(const ServerBlock& server, const std::string& host) {
  NameTable table(host);
  for (const std::string& name : server.names) table.add(0, name);
  const auto found = table.find();
  return found ? std::optional(found->by) : std::nullopt;
}

Chosen answer_in(const Config& config, const Site& site, const ServerBlock& server,
                 const Asked& asked) {
  static const Listen none;
  const Listen* listen = server.listens.empty() ? &none : &server.listens.front();
  Asked written = asked;
  written.error_pages = false;
  return Reading(config, site, {{&server, listen}}, written).run();
}

std::optional<Chosen> choose(const Config& config, const Site& site, const Asked& asked) {
  auto all = connection_takers(site, asked.address, asked.port);
  if (all.empty()) {
    if (const Unseen* hole = missing_servers(config, site)) throw NotSeen(*hole);
    return std::nullopt;
  }
  return Reading(config, site, std::move(all), asked).run();
}

std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path) {
  return choose(config, site, address, port, host, path, nullptr);
}

std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path,
                             const std::map<std::string, std::string>* forwarded) {
  Asked asked;
  asked.address = address;
  asked.port = port;
  asked.host = host;
  asked.path = path;
  asked.forwarded = forwarded;
  asked.error_pages = false;
  return choose(config, site, asked);
}

}  // namespace hopcheck::nginx
