// Host names, as the files of this system have them.
#include "hopcheck/names.h"

#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/socket/ip.h"
#include "facts/socket/names.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/proxy_pass.h"
#include "model/state.h"

namespace hopcheck {

Fact<std::vector<std::string>> addresses_in_hosts(const Deployment& host, const std::string& name) {
  const auto text =
      text_of(host.state().host.ask(ask::read("/etc/hosts")), "/etc/hosts: not there");
  if (!text.seen()) return text.unseen();
  return addresses_in(*text, name);
}

Fact<std::vector<std::string>> name_servers(const Deployment& host) {
  const auto text =
      text_of(host.state().host.ask(ask::read("/etc/resolv.conf")), "/etc/resolv.conf: not there");
  if (!text.seen()) return text.unseen();
  return name_servers_in(*text);
}

Fact<std::string> name_to_resolve(const Route& route) {
  const auto valued =
      nginx::with_values(*route.instance->config, block_of(route), written_target(route));
  std::string name = proxy_pass_of(valued.text).place;
  if (name.starts_with("unix:")) return std::string();
  if (name.starts_with('[')) {
    name = name.substr(1, name.find(']') - 1);
  } else {
    name.resize(
        std::min({name.find(':'), name.find("$request_uri"), name.find("$uri"), name.size()}));
  }
  if (name.find('$') != std::string::npos || name.empty()) {
    return Unseen{Unseen::Why::undecidable,
                  "which name \"" + written_target(route) + "\" leads to: the request decides it",
                  {}};
  }
  if (parse_ip(name)) return std::string();
  for (const auto& upstream : route.instance->site->upstreams.all()) {
    if (nginx::equal_lower(upstream.name, name)) return std::string();
  }
  return name;
}

}  // namespace hopcheck
