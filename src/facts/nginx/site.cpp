// Makes server blocks, locations and upstreams of the flat tree.
#include "facts/nginx/site.h"

#include <memory>
#include <utility>

#include "facts/nginx/address.h"

namespace hopcheck::nginx {

namespace {

// nginx's own parser recurses; deeper than this nobody writes.
constexpr std::size_t kMaxNesting = 50;
constexpr std::size_t kMaxListens = 1 << 20;

/// Makes the locations of server blocks, one block at a time.
class Locations {
 public:
  Locations(const Config& config, Upstreams upstreams, Files files)
      : config_(config), upstreams_(std::move(upstreams)), files_(std::move(files)) {}

  /// Of the server block at `index`.
  std::vector<Location> of(std::uint32_t index) const {
    Files files = files_;
    inherit_files(config_, index, files);
    return inside(index, files, 0);
  }

 private:
  std::vector<Location> inside(std::uint32_t parent, const Files& files, std::size_t depth) const;
  Location location(const Directive& node, Files files, std::size_t depth) const;
  void name_upstream(Action& action) const;

  const Config& config_;
  const Upstreams upstreams_;
  const Files files_;
};

class Understanding {
 public:
  explicit Understanding(const Config& config) : config_(config) {}

  Site run();

 private:
  struct Http {
    Files files{};
    std::vector<std::uint32_t> servers{};
  };
  void in_http(const Directive& node, Http& http);
  void server(std::uint32_t index, const std::shared_ptr<const Locations>& locations);
  bool too_deep() const;

  const Config& config_;
  Site site_{};
  std::vector<Directive> upstreams_{};
  std::size_t listens_{0};
};

Site Understanding::run() {
  site_.missing = config_.missing;
  std::vector<Http> https(1);
  for (const Directive& node : config_.top()) {
    if (node.name() == "user") site_.user = node.arg(0);
    // A snippet that is meant to stand in http.
    in_http(node, https.front());
    if (node.name() != "http" || !node.is_block()) continue;
    Http& http = https.emplace_back();
    inherit_files(config_, node.index(), http.files);
    for (const Directive& child : node.children()) in_http(child, http);
  }
  site_.upstreams = Upstreams(std::move(upstreams_));
  for (const Http& http : https) {
    site_.servers.reserve(site_.servers.size() + http.servers.size());
    const auto locations = std::make_shared<const Locations>(config_, site_.upstreams, http.files);
    for (const std::uint32_t index : http.servers) server(index, locations);
  }
  if (too_deep())
    site_.missing.push_back({Unseen::Why::truncated, "locations are nested too deeply", {}});
  return std::move(site_);
}

void Understanding::in_http(const Directive& node, Http& http) {
  if (!node.is_block()) return;
  if (node.name() == "server") http.servers.push_back(node.index());
  if (node.name() == "upstream") upstreams_.push_back(node);
}

bool Understanding::too_deep() const {
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < config_.nodes.size(); ++i) {
    if (config_.nodes[i].block == 0) continue;
    while (!ends.empty() && ends.back() <= i) ends.pop_back();
    ends.push_back(config_.nodes[i].end);
    if (ends.size() > kMaxNesting) return true;
  }
  return false;
}

Listen default_listen(const Directive& server) {
  Listen out;
  out.address = "0.0.0.0";
  out.from = server.evidence();
  return out;
}

void Understanding::server(std::uint32_t index, const std::shared_ptr<const Locations>& locations) {
  const Directive node = config_.at(index);
  ServerBlock out;
  out.directive = index;
  out.from = node.evidence();
  bool listens = false;
  for (std::uint32_t i = index + 1; i < config_.nodes[index].end; i = config_.nodes[i].end) {
    const Directive child = config_.at(i);
    const std::string_view name = child.name();
    listens |= name == "listen";
    if (name == "listen" && listens_ < kMaxListens) {
      for (Listen& listen : parse_listen(child)) out.listens.push_back(std::move(listen));
    }
    if (name == "server_name")
      out.names.insert(out.names.end(), child.args().begin(), child.args().end());
  }
  if (!listens) out.listens.push_back(default_listen(node));
  listens_ += out.listens.size();
  out.locations = Lazy<std::vector<Location>>([locations, index] { return locations->of(index); });
  site_.servers.push_back(std::move(out));
}

std::vector<Location> Locations::inside(std::uint32_t parent, const Files& files,
                                        std::size_t depth) const {
  std::vector<Location> out;
  if (depth >= kMaxNesting) return out;
  for (const Directive& child : config_.at(parent).children("location")) {
    if (child.is_block()) out.push_back(location(child, files, depth));
  }
  return out;
}

/// "=", "^~", "~" and "~*" may stand apart from the pattern or at its beginning.
void read_pattern(const Directive& node, Location& out) {
  std::string_view modifier;
  std::string_view pattern = node.arg(0);
  if (node.args().size() >= 2) {
    modifier = pattern;
    pattern = node.arg(1);
  } else {
    for (const std::string_view one : {"=", "^~", "~*", "~"}) {
      if (!modifier.empty() || !pattern.starts_with(one)) continue;
      modifier = one;
      pattern.remove_prefix(one.size());
    }
  }
  out.pattern = pattern;
  using Match = Location::Match;
  if (modifier == "=") {
    out.match = Match::exact;
  } else if (modifier == "^~") {
    out.match = Match::prefix_no_regex;
  } else if (modifier.starts_with('~')) {
    out.match = Match::regex;
    out.case_insensitive = modifier == "~*";
  } else {
    out.match = pattern.starts_with('@') ? Match::named : Match::prefix;
  }
}

Location Locations::location(const Directive& node, Files files, std::size_t depth) const {
  Location out;
  read_pattern(node, out);
  out.directive = node.index();
  out.from = node.evidence();
  out.action = written_action(config_, node.index(), files);
  name_upstream(out.action);
  out.nested = inside(node.index(), files, depth + 1);
  return out;
}

void Locations::name_upstream(Action& action) const {
  if (!is_pass(action.kind)) return;
  const auto place = parse_place(action.kind, action.target);
  if (!place || place->host.empty()) return;
  action.upstream = upstreams_.name_of(place->host);
}

}  // namespace

Action own_action(const Config& config, const ServerBlock& server) {
  Files files;
  if (const auto http = http_around(config, server.directive)) inherit_files(config, *http, files);
  return written_action(config, server.directive, files);
}

Fact<Site> understand(const Config& config) {
  if (config.nodes.empty() && !config.missing.empty()) return config.missing.front();
  if (config.files.empty() && !config.missing.empty()) return config.missing.front();
  return Understanding(config).run();
}

}  // namespace hopcheck::nginx
