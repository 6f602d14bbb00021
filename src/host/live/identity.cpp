// Who and where this machine is, what time it is, and what names mean here.
#include "host/live/identity.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/live/processes.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr int resolve_limit_ms = 2000;
constexpr std::size_t small_cap = std::size_t{1} << 20;

// DAC_OVERRIDE to read what others own, SYS_PTRACE to see what their processes hold.
bool has_usual_capabilities() {
  const std::string status = slurp(AT_FDCWD, "/proc/self/status", small_cap).value_or("");
  const std::size_t at = status.find("CapEff:");
  if (at == std::string::npos) return false;
  const unsigned long long bits = std::strtoull(status.c_str() + at + 7, nullptr, 16);
  constexpr unsigned long long wanted = 1ULL << 1 | 1ULL << 19;  // linux/capability.h
  return (bits & wanted) == wanted;
}

// The interface of the row whose destination and mask are 0; "" where there is none.
std::string default_interface() {
  const std::string routes = slurp(AT_FDCWD, "/proc/net/route", small_cap).value_or("");
  std::size_t begin = 0;
  next_line(routes, begin);
  while (begin < routes.size()) {
    const std::string_view row = next_line(routes, begin);
    const std::size_t tab = row.find('\t');
    if (tab != row.npos && starts_with(row.substr(tab + 1), "00000000\t")) {
      return std::string(row.substr(0, tab));
    }
  }
  return "";
}

int prefix_length(const unsigned char* mask, std::size_t bytes) {
  int bits = 0;
  for (std::size_t i = 0; i < bytes; ++i) bits += __builtin_popcount(mask[i]);
  return bits;
}

// An address that other machines may use; an empty one for loopback and link-local ones.
HostAddress address_of(const ifaddrs& entry) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = entry.ifa_addr->sa_family == AF_INET6;
  const void* address = &v4.sin_addr;
  if (is_v6) {
    std::memcpy(&v6, entry.ifa_addr, sizeof v6);
    address = &v6.sin6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) || IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) return {};
  } else {
    std::memcpy(&v4, entry.ifa_addr, sizeof v4);
    const std::uint32_t number = ntohl(v4.sin_addr.s_addr);
    if (number >> 24 == 127 || number >> 16 == 0xa9fe) return {};
  }
  inet_ntop(entry.ifa_addr->sa_family, address, text.data(), text.size());
  int bits = 0;
  if (entry.ifa_netmask != nullptr && is_v6) {
    std::memcpy(&v6, entry.ifa_netmask, sizeof v6);
    bits = prefix_length(v6.sin6_addr.s6_addr, 16);
  } else if (entry.ifa_netmask != nullptr) {
    std::memcpy(&v4, entry.ifa_netmask, sizeof v4);
    bits = __builtin_popcount(v4.sin_addr.s_addr);
  }
  return {entry.ifa_name, text.data(), bits};
}

// Those of the default route first, IPv4 before IPv6.
std::vector<HostAddress> addresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::vector<HostAddress> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    HostAddress address = address_of(*entry);
    if (!address.address.empty()) found.push_back(std::move(address));
  }
  const std::string first = default_interface();
  const auto rank = [&](const HostAddress& address) {
    const bool v6 = address.address.find(':') != std::string::npos;
    return (address.interface == first ? 0 : 2) + (v6 ? 1 : 0);
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const HostAddress& a, const HostAddress& b) { return rank(a) < rank(b); });
  return found;
}

Answer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error == EAI_NONAME || error == EAI_NODATA) return Answer::absent();
  if (error != 0)
    return Answer::unseen({Unseen::Why::failed, name + ": " + gai_strerror(error), ""});
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  Answer answer = Answer::present("");
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      answer.text += std::string(text.data()) + "\n";
    }
  }
  return answer;
}

}  // namespace

std::string pretty_name(const std::string& os_release) {
  constexpr std::string_view name = "PRETTY_NAME=";
  for (std::size_t begin = 0; begin < os_release.size();) {
    std::string_view line = next_line(os_release, begin);
    if (!starts_with(line, name)) continue;
    line = line.substr(name.size());
    const bool quoted = line.size() >= 2 && (line.front() == '"' || line.front() == '\'') &&
                        line.back() == line.front();
    return std::string(quoted ? line.substr(1, line.size() - 2) : line);
  }
  return "";
}

Answer identity(const Accounts& accounts) {
  Identity identity;
  utsname system{};
  uname(&system);
  identity.name = system.nodename;
  identity.kernel = system.release;
  identity.os = pretty_name(slurp(AT_FDCWD, "/etc/os-release", small_cap).value_or(""));
  identity.user = accounts.user(geteuid());
  identity.privileged = geteuid() == 0 && has_usual_capabilities();
  struct stat status {};
  identity.systemd = lstat("/run/systemd/system", &status) == 0 && S_ISDIR(status.st_mode);
  identity.addresses = addresses();
  return Answer::present(encode_identity(identity));
}

Answer now() {
  return Answer::present(encode_clock({time(nullptr), boot_time()}));
}

Answer resolve(const std::string& name, const Deadline& deadline) {
  return in_child(&deadline, resolve_limit_ms, "the name " + join_words({name}),
                  [&] { return look_up(name); });
}

}  // namespace hopcheck::live
