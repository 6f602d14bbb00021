// Which location a URI leads to, in nginx's order: exact, longest prefix, nested, regex.
#include "facts/nginx/site.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

using Match = Location::Match;

bool is_prefix(const Location& location) {
  return location.match == Match::prefix || location.match == Match::prefix_no_regex;
}

/// "/x" is sent on to "/x/" where that location hands requests on itself.
bool redirects(const Config& config, const Location& location) {
  if (!location.pattern.ends_with('/')) return false;
  if (!is_prefix(location) && location.match != Match::exact) return false;
  for (const Directive& child : config.at(location.directive).children()) {
    const std::string_view name = child.name();
    const auto kind = handler_kind(name);
    const bool other_pass = name == "scgi_pass" || name == "memcached_pass";
    // These two forget it where the target has variables.
    const bool forgets = (name == "uwsgi_pass" || name == "scgi_pass") &&
                         child.arg(0).find('$') != std::string_view::npos;
    if (forgets) continue;
    if (other_pass || (kind && is_pass(*kind))) return true;
  }
  return false;
}

class Search {
 public:
  Search(Visit& visit, Found& out) : visit_(visit), out_(out) {}

  /// True: decided, no regular expression is asked any more.
  bool among(const std::vector<Location>& locations) {
    const std::size_t level = out_.chain.size();
    const Static found = fixed(locations);
    bool regexes = true;
    if (found.location != nullptr) {
      out_.chain.push_back(found.location);
      out_.redirect = found.redirect;
      if (found.final) return true;
      regexes = found.location->match != Match::prefix_no_regex;
      if (among(found.location->nested)) return true;
    }
    return regexes && by_regex(locations, level);
  }

 private:
  struct Static {
    const Location* location{nullptr};
    bool final{false};
    bool redirect{false};
  };

  Static fixed(const std::vector<Location>& locations) const;
  bool by_regex(const std::vector<Location>& locations, std::size_t level);

  Visit& visit_;
  Found& out_;
};

Search::Static Search::fixed(const std::vector<Location>& locations) const {
  const std::string& uri = visit_.uri;
  const Location* best = nullptr;
  const Location* slash = nullptr;
  for (const Location& location : locations) {
    const std::string& pattern = location.pattern;
    if (location.match == Match::exact && pattern == uri) return {&location, true, false};
    if (is_prefix(location) && uri.starts_with(pattern) &&
        (best == nullptr || pattern.size() > best->pattern.size())) {
      best = &location;
    }
    if (pattern.size() == uri.size() + 1 && pattern.starts_with(uri) &&
        redirects(*visit_.config, location)) {
      slash = &location;
    }
  }
  const bool whole = best != nullptr && best->pattern.size() == uri.size();
  if (slash != nullptr && !whole) return {slash, true, true};
  return {best, false, false};
}

bool Search::by_regex(const std::vector<Location>& locations, std::size_t level) {
  for (const Location& location : locations) {
    if (location.match != Match::regex) continue;
    if (!matches(visit_, location.pattern, location.case_insensitive, visit_.uri)) continue;
    out_.chain.resize(level);
    out_.chain.push_back(&location);
    among(location.nested);
    return true;
  }
  return false;
}

}  // namespace

Found find_location(Visit& visit) {
  Found out;
  Search(visit, out).among(*visit.server->locations);
  return out;
}

}  // namespace hopcheck::nginx
