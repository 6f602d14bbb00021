// The kernel's socket diagnosis (sock_diag(7)): all listeners of a family in one exchange.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/live/listeners.h"

namespace hopcheck::live {
namespace {

constexpr unsigned listen_state = 1U << 10;  // TCP_LISTEN; Unix sockets use the same number
constexpr std::size_t most_listeners = 100'000;

template <class T>
std::optional<T> take(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

// Calls `each` with type and bytes of every attribute.
template <class Each>
void each_attribute(std::string_view bytes, Each&& each) {
  while (const auto head = take<nlattr>(bytes)) {
    if (head->nla_len < sizeof *head || head->nla_len > bytes.size()) return;
    each(head->nla_type, bytes.substr(sizeof *head, head->nla_len - sizeof *head));
    const std::size_t padded = (std::size_t{head->nla_len} + 3) & ~std::size_t{3};
    bytes.remove_prefix(std::min(padded, bytes.size()));
  }
}

std::optional<OpenListener> inet_listener(std::string_view bytes) {
  const auto message = take<inet_diag_msg>(bytes);
  if (!message) return std::nullopt;
  OpenListener open;
  open.inode = message->idiag_inode;
  Listener& listener = open.listener;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(message->idiag_family, message->id.idiag_src, text.data(), text.size());
  listener.address = text.data();
  listener.port = ntohs(message->id.idiag_sport);
  listener.queued = message->idiag_rqueue;
  listener.backlog = message->idiag_wqueue;
  each_attribute(bytes.substr(sizeof *message), [&](unsigned type, std::string_view value) {
    if (type == INET_DIAG_SKV6ONLY && !value.empty()) listener.only_v6 = value[0] != 0;
  });
  return open;
}

std::optional<OpenListener> unix_listener(std::string_view bytes) {
  const auto message = take<unix_diag_msg>(bytes);
  if (!message || message->udiag_type != SOCK_STREAM) return std::nullopt;
  OpenListener open;
  open.inode = message->udiag_ino;
  Listener& listener = open.listener;
  listener.kind = Listener::Kind::unix_stream;
  each_attribute(bytes.substr(sizeof *message), [&](unsigned type, std::string_view value) {
    if (type == UNIX_DIAG_NAME) listener.path = value;
    if (type != UNIX_DIAG_RQLEN) return;
    if (const auto queue = take<unix_diag_rqlen>(value)) {
      listener.queued = queue->udiag_rqueue;
      listener.backlog = queue->udiag_wqueue;
    }
  });
  std::string& path = listener.path;
  if (path.empty()) return std::nullopt;  // no name: nobody can connect to it
  if (path.front() == '\0') {
    std::replace(path.begin(), path.end(), '\0', '@');
  } else {
    path.resize(std::min(path.find('\0'), path.size()));
  }
  return open;
}

template <class Request>
bool ask(int fd, const Request& request) {
  struct {
    nlmsghdr head;
    Request request;
  } message{};
  message.head.nlmsg_len = sizeof message;
  message.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request = request;
  return send(fd, &message, sizeof message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message);
}

bool ask_for(int fd, int family) {
  if (family == AF_UNIX) {
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = listen_state;
    request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN;
    return ask(fd, request);
  }
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<__u8>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = listen_state;
  return ask(fd, request);
}

enum class Part { more, last, broken };

Part read_part(std::string_view bytes, int family, std::vector<OpenListener>& found) {
  while (const auto head = take<nlmsghdr>(bytes)) {
    if (head->nlmsg_len < sizeof *head || head->nlmsg_len > bytes.size()) return Part::broken;
    if (head->nlmsg_type == NLMSG_DONE) return Part::last;
    // An interrupted dump may have missed some.
    if (head->nlmsg_type == NLMSG_ERROR || (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
      return Part::broken;
    const std::string_view body = bytes.substr(sizeof *head, head->nlmsg_len - sizeof *head);
    auto open = family == AF_UNIX ? unix_listener(body) : inet_listener(body);
    if (open && found.size() < most_listeners) found.push_back(std::move(*open));
    const std::size_t padded = (std::size_t{head->nlmsg_len} + 3) & ~std::size_t{3};
    bytes.remove_prefix(std::min(padded, bytes.size()));
  }
  return Part::more;
}

}  // namespace

std::optional<std::vector<OpenListener>> diagnosed(int family) {
  const Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const timeval limit{1, 0};
  if (!fd.open() || setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      !ask_for(fd.get(), family)) {
    return std::nullopt;
  }
  std::vector<OpenListener> found;
  std::string buffer(65536, '\0');
  for (;;) {
    const ssize_t got = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    const Part part =
        read_part(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)), family, found);
    if (part == Part::broken) return std::nullopt;
    if (part == Part::last) return found;
  }
}

}  // namespace hopcheck::live
