// All sockets that accept connections, and who holds them.
#include "host/live/listeners.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "host/live/processes.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr std::size_t table_cap = std::size_t{64} << 20;

template <class Number>
Number number_of(std::string_view text, int base) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// The words of a row, as many as there are up to `most`, and where the last of them ends.
std::vector<std::string_view> columns(std::string_view row, std::size_t most, std::size_t& end) {
  std::vector<std::string_view> words;
  for (end = 0; words.size() < most;) {
    const std::size_t begin = row.find_first_not_of(' ', end);
    if (begin == row.npos) break;
    end = std::min(row.find(' ', begin), row.size());
    words.push_back(row.substr(begin, end - begin));
  }
  return words;
}

// "0100007F:1F90": four-byte words in the machine's own order.
void read_address(std::string_view text, Listener& listener) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view digits = text.substr(0, colon);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < words.size() && i * 8 < digits.size(); ++i) {
    words[i] = number_of<std::uint32_t>(digits.substr(i * 8, 8), 16);
  }
  std::array<char, INET6_ADDRSTRLEN> name{};
  inet_ntop(digits.size() > 8 ? AF_INET6 : AF_INET, words.data(), name.data(), name.size());
  listener.address = name.data();
  listener.port = number_of<int>(text.substr(std::min(colon + 1, text.size())), 16);
}

// Sockets by inode -> the processes that have them open.
class Holders {
 public:
  explicit Holders(const std::vector<OpenListener>& listeners) {
    for (const OpenListener& open : listeners) wanted_[open.inode];
  }

  void collect(const Deadline& deadline) {
    hidden_ = processes_hidden();
    each_process([&](int pid, int directory) {
      if (deadline.passed()) hidden_ = true;
      if (!deadline.passed()) look(pid, directory);
      return !deadline.passed();
    });
  }
  const std::set<int>& of(unsigned long inode) const { return wanted_.at(inode); }
  /// Some process did not show what it holds.
  bool hidden() const { return hidden_; }

 private:
  void look(int pid, int directory) {
    const Fd fd(openat(directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.open()) {
      hidden_ = hidden_ || errno == EACCES || errno == EPERM;
      return;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(dup_of(fd.get())), closedir);
    if (!entries) return;
    while (const dirent* entry = readdir(entries.get())) {
      if (entry->d_name[0] == '.') continue;
      const auto target = link_target(fd.get(), entry->d_name);
      if (!target) {
        hidden_ = hidden_ || errno == EACCES || errno == EPERM;
      } else if (starts_with(*target, "socket:[")) {
        const auto found =
            wanted_.find(number_of<unsigned long>(std::string_view(*target).substr(8), 10));
        if (found != wanted_.end()) found->second.insert(pid);
      }
    }
  }

  static int dup_of(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }

  std::map<unsigned long, std::set<int>> wanted_{};
  bool hidden_{false};
};

// The kernel's diagnosis of a family, else its table in /proc. Why neither can be read; nothing
// where it was.
std::optional<Unseen> collect(int family, const char* table, std::vector<OpenListener>& open) {
  auto found = diagnosed(family);
  if (!found) {
    const auto text = slurp(AT_FDCWD, table, table_cap);
    // Without IPv6 there is no table of it.
    if (!text && (family != AF_INET6 || errno != ENOENT)) {
      const bool denied = errno == EACCES || errno == EPERM;
      const std::string what = std::string(table) + ": " + error_text(errno);
      return denied ? Unseen{Unseen::Why::denied, what, needs_root()}
                    : Unseen{Unseen::Why::failed, what, ""};
    }
    found = family == AF_UNIX ? listeners_of_unix(text.value_or(""))
                              : listeners_of_tcp(text.value_or(""));
  }
  std::move(found->begin(), found->end(), std::back_inserter(open));
  return std::nullopt;
}

std::string sort_key(const Listener& listener) {
  return listener.kind == Listener::Kind::tcp
             ? "0" + std::to_string(100'000 + listener.port) + listener.address
             : "1" + listener.path;
}

}  // namespace

std::vector<OpenListener> listeners_of_tcp(const std::string& text) {
  std::vector<OpenListener> found;
  std::size_t begin = 0;
  next_line(text, begin);
  while (begin < text.size()) {
    std::size_t end = 0;
    const auto words = columns(next_line(text, begin), 10, end);
    // The kernel lists those that listen first; after them may come a million connections.
    if (words.size() < 10 || words[3] != "0A") break;
    OpenListener open;
    read_address(words[1], open.listener);
    const std::size_t colon = words[4].find(':');
    open.listener.queued =
        colon == words[4].npos ? 0 : number_of<unsigned>(words[4].substr(colon + 1), 16);
    open.inode = number_of<unsigned long>(words[9], 10);
    found.push_back(std::move(open));
  }
  return found;
}

std::vector<OpenListener> listeners_of_unix(const std::string& text) {
  std::vector<OpenListener> found;
  std::size_t begin = 0;
  next_line(text, begin);
  while (begin < text.size()) {
    const std::string_view row = next_line(text, begin);
    std::size_t end = 0;
    // Num RefCount Protocol Flags Type St Inode Path
    const auto words = columns(row, 7, end);
    constexpr unsigned accepts = 0x10000;  // __SO_ACCEPTCON
    if (words.size() < 7 || (number_of<unsigned>(words[3], 16) & accepts) == 0) continue;
    if (words[4] != "0001" || end + 1 >= row.size()) continue;
    OpenListener open;
    open.listener.kind = Listener::Kind::unix_stream;
    open.listener.path = row.substr(end + 1);
    open.inode = number_of<unsigned long>(words[6], 10);
    found.push_back(std::move(open));
  }
  return found;
}

Answer listeners(const Deadline& deadline) {
  std::vector<OpenListener> open;
  // A table without one of its parts would pass for "nothing listens there".
  for (const auto& [family, table] :
       {std::pair{AF_INET, "/proc/net/tcp"}, std::pair{AF_INET6, "/proc/net/tcp6"},
        std::pair{AF_UNIX, "/proc/net/unix"}}) {
    if (auto unseen = collect(family, table, open)) return Answer::unseen(std::move(*unseen));
  }
  Holders holders(open);
  holders.collect(deadline);
  std::vector<Listener> found;
  std::size_t unknown = 0;
  for (OpenListener& one : open) {
    for (const int pid : holders.of(one.inode)) one.listener.pids.add(pid);
    // Even root finds none where the holder lives in another process namespace.
    if (holders.of(one.inode).empty()) {
      one.listener.pids.add_missing({Unseen::Why::denied, "holders", needs_root()});
      ++unknown;
    }
    found.push_back(std::move(one.listener));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Listener& a, const Listener& b) { return sort_key(a) < sort_key(b); });
  Answer answer = Answer::present(encode_listeners(found));
  if (unknown > 0 && holders.hidden()) {
    const auto why = deadline.passed() ? Unseen::Why::timed_out : Unseen::Why::denied;
    answer.missing.push_back(
        {why, "owners of " + std::to_string(unknown) + " sockets", needs_root()});
  }
  return answer;
}

}  // namespace hopcheck::live
