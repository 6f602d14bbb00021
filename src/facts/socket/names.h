// The files in which a system keeps names and name servers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// The addresses of a name (any case) in the text of /etc/hosts, each once.
std::vector<std::string> addresses_in(std::string_view hosts, const std::string& name);

/// The addresses behind "nameserver" in the text of /etc/resolv.conf.
std::vector<std::string> name_servers_in(std::string_view resolv_conf);

}  // namespace hopcheck
