// Where a bind of gunicorn listens.
#include <charconv>
#include <string_view>

#include "facts/app/gunicorn.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

// "host:port" and its kin, as gunicorn's util.parse_address takes them apart.
std::optional<std::pair<std::string, int>> parse_address(std::string_view text) {
  if (text.substr(0, 6) == "tcp://") text.remove_prefix(6);
  std::string_view host = text;
  std::string_view port = "8000";
  const auto bracket = text.find(']');
  if (text.find('[') != std::string_view::npos && bracket != std::string_view::npos) {
    host = bracket == 0 ? "" : text.substr(1, bracket - 1);
    const auto after = text.find("]:");
    if (after != std::string_view::npos) port = text.substr(after + 2);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    port = port.substr(0, port.find(':'));
  } else if (text.empty()) {
    host = "0.0.0.0";
  }
  int number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || stop != port.data() + port.size() || number < 0 || number > 65535)
    return std::nullopt;
  return std::pair(std::string(host.empty() ? "0.0.0.0" : host), number);
}

}  // namespace

std::optional<Listener> bind_listener(const std::string& bind, const std::string& cwd) {
  Listener listener;
  if (bind.substr(0, 5) == "unix:") {
    const bool slashes = bind.substr(5, 2) == "//";
    listener.kind = Listener::Kind::unix_stream;
    listener.path = from_directory(cwd, bind.substr(slashes ? 7 : 5));
    if (listener.path.empty()) return std::nullopt;
    return listener;
  }
  if (bind.substr(0, 5) == "fd://") return std::nullopt;
  const auto address = parse_address(bind);
  if (!address) return std::nullopt;
  listener.address = address->first;
  listener.port = address->second;
  return listener;
}

}  // namespace hopcheck
