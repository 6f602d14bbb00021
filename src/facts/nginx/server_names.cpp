// Finds the name that fits a host.
#include "facts/nginx/server_names.h"

#include "facts/nginx/letters.h"
#include "facts/nginx/regex.h"

namespace hopcheck::nginx {

/// Whether a name has a say about the host: most of a large configuration's have none.
bool NameTable::may_fit(std::string_view written) const {
  if (written.starts_with('~') || written.starts_with('$')) return true;
  std::string_view bare = written;
  if (bare.starts_with("*.")) bare.remove_prefix(1);
  if (bare.starts_with('.')) {
    bare.remove_prefix(1);
  } else if (bare.ends_with(".*")) {
    return starts_with_lower(host_, bare.substr(0, bare.size() - 1));
  }
  if (bare.size() > host_.size()) return false;
  const std::size_t rest = host_.size() - bare.size();
  if (!equal_lower(std::string_view(host_).substr(rest), bare)) return false;
  return rest == 0 || host_[rest - 1] == '.';
}

void NameTable::add(std::size_t owner, std::string_view written) {
  if (!may_fit(written)) return;
  const std::string name = lower(written);
  if (name.starts_with('~')) {
    regexes_.push_back({owner, written.size(), written});
  } else if (name == "$hostname") {
    hostname_ = true;
  } else if (name.starts_with("*.") && name.size() > 2) {
    leading(owner, name.substr(1), written);
  } else if (name.starts_with('.') && name.size() > 1) {
    // Such a name is the plain one, too, unless that is taken.
    if (!plain_.insert(name.substr(1)).second) return;
    if (host_ == name.substr(1) && leading_.length < name.size() && !heads_.contains(name)) {
      leading_ = {owner, name.size(), written};
    }
    leading(owner, name, written);
  } else if (name.ends_with(".*") && name.size() > 2) {
    trailing(owner, name.substr(0, name.size() - 1), written);
  } else if (plain_.insert(name).second && name == host_) {
    exact_ = {owner, name.size(), written};
  }
}

std::optional<NameTable::Match> NameTable::find() const {
  const auto match = [](const Held& held, Chosen::By by) {
    return Match{held.owner, by, std::string(held.written)};
  };
  if (exact_) return match(*exact_, Chosen::By::exact);
  if (leading_.length != 0) return match(leading_, Chosen::By::leading_wildcard);
  if (trailing_.length != 0) return match(trailing_, Chosen::By::trailing_wildcard);
  if (host_.empty()) return std::nullopt;
  for (const Held& one : regexes_) {
    const std::string_view pattern = one.written.substr(1);
    const bool caseless = lower(pattern) != pattern;
    if (regex_match(pattern, caseless, host_)) return match(one, Chosen::By::regex);
  }
  return std::nullopt;
}

void NameTable::leading(std::size_t owner, const std::string& suffix, std::string_view written) {
  if (!heads_.insert(suffix).second || !host_.ends_with(suffix)) return;
  if (leading_.length < suffix.size()) leading_ = {owner, suffix.size(), written};
}

void NameTable::trailing(std::size_t owner, const std::string& prefix, std::string_view written) {
  if (!tails_.insert(prefix).second || !host_.starts_with(prefix)) return;
  if (trailing_.length < prefix.size()) trailing_ = {owner, prefix.size(), written};
}

}  // namespace hopcheck::nginx
