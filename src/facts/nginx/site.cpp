// Makes server blocks, locations and upstreams of the flat tree.
#include "facts/nginx/site.h"

#include <unordered_map>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

// nginx's own parser recurses; deeper than this nobody writes.
constexpr int kMaxNesting = 50;
constexpr std::size_t kMaxListens = 1 << 20;

using Names = std::unordered_map<std::string, std::string>;

class Understanding {
 public:
  explicit Understanding(const Config& config) : config_(config) {}

  Site run() {
    site_.missing = config_.missing;
    each(0, static_cast<std::uint32_t>(config_.nodes.size()), [&](const Directive& node) {
      if (node.name() == "user") site_.user = node.arg(0);
      if (node.name() == "http" && node.is_block()) http(node);
      // A snippet that is meant to stand in http.
      in_http(node, {});
    });
    for (ServerBlock& server : site_.servers) name_upstreams(server);
    return std::move(site_);
  }

 private:
  template <class Take>
  void each(std::uint32_t from, std::uint32_t to, Take&& take) {
    for (std::uint32_t i = from; i < to; i = config_.nodes[i].end) take(config_.at(i));
  }

  void http(const Directive& node) {
    Files files;
    inherit_files(config_, node.index(), files);
    each(node.index() + 1, config_.nodes[node.index()].end,
         [&](const Directive& child) { in_http(child, files); });
  }

  void in_http(const Directive& node, const Files& files) {
    if (!node.is_block()) return;
    if (node.name() == "server") server(node, files);
    if (node.name() == "upstream") upstream(node);
  }

  void server(const Directive& node, Files files);
  void upstream(const Directive& node);
  Location location(const Directive& node, Files files, int depth);
  void locations(const Directive& parent, const Files& files, int depth,
                 std::vector<Location>& out);
  void name_upstreams(ServerBlock& server);
  void name_upstream(Action& action);
  void name_upstreams(std::vector<Location>& locations);

  const Config& config_;
  Site site_{};
  Names upstreams_{};
  std::size_t listens_{0};
};

void Understanding::upstream(const Directive& node) {
  Upstream out;
  out.name = node.arg(0);
  out.from = node.evidence();
  for (const Directive& line : node.children("server")) {
    if (auto member = parse_member(line)) out.members.push_back(std::move(*member));
  }
  upstreams_.emplace(lower(out.name), out.name);
  site_.upstreams.push_back(std::move(out));
}

Listen default_listen(const Directive& server) {
  Listen out;
  out.address = "0.0.0.0";
  out.from = server.evidence();
  return out;
}

void Understanding::server(const Directive& node, Files files) {
  ServerBlock out;
  out.directive = node.index();
  out.from = node.evidence();
  out.action = written_action(config_, node.index(), files);
  each(node.index() + 1, config_.nodes[node.index()].end, [&](const Directive& child) {
    if (child.name() == "listen" && listens_ < kMaxListens) {
      for (Listen& listen : parse_listen(child)) out.listens.push_back(std::move(listen));
    }
    if (child.name() == "server_name") {
      out.names.insert(out.names.end(), child.args().begin(), child.args().end());
    }
  });
  if (out.listens.empty() && !node.child("listen")) out.listens.push_back(default_listen(node));
  listens_ += out.listens.size();
  locations(node, files, 0, out.locations);
  site_.servers.push_back(std::move(out));
}

void Understanding::locations(const Directive& parent, const Files& files, int depth,
                              std::vector<Location>& out) {
  if (depth >= kMaxNesting) {
    site_.missing.push_back({Unseen::Why::truncated, "locations are nested too deeply", {}});
    return;
  }
  each(parent.index() + 1, config_.nodes[parent.index()].end, [&](const Directive& child) {
    if (child.name() == "location" && child.is_block()) {
      out.push_back(location(child, files, depth));
    }
  });
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

Location Understanding::location(const Directive& node, Files files, int depth) {
  Location out;
  read_pattern(node, out);
  out.directive = node.index();
  out.from = node.evidence();
  out.action = written_action(config_, node.index(), files);
  locations(node, files, depth + 1, out.nested);
  return out;
}

void Understanding::name_upstream(Action& action) {
  if (!is_pass(action.kind)) return;
  const auto place = parse_place(action.kind, action.target);
  if (!place || place->host.empty()) return;
  const auto found = upstreams_.find(lower(place->host));
  if (found != upstreams_.end()) action.upstream = found->second;
}

void Understanding::name_upstreams(std::vector<Location>& locations) {
  for (Location& location : locations) {
    name_upstream(location.action);
    name_upstreams(location.nested);
  }
}

void Understanding::name_upstreams(ServerBlock& server) {
  name_upstream(server.action);
  name_upstreams(server.locations);
}

}  // namespace

Fact<Site> understand(const Config& config) {
  if (config.nodes.empty() && !config.missing.empty()) return config.missing.front();
  if (config.files.empty() && !config.missing.empty()) return config.missing.front();
  return Understanding(config).run();
}

}  // namespace hopcheck::nginx
