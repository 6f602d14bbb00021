// A request ("ADDRESS PORT HOST URI", one a line) and a configuration: an answer is found or none.
#include <stdexcept>

#include "facts/nginx/site.h"
#include "fuzz.h"
#include "host/text.h"

using namespace hopcheck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t at = 0;
  const auto next = [&] { return std::string(at < size ? next_line(text, at) : ""); };
  const std::string address = next();
  const std::string port = next();
  const std::string host = next();
  const std::string uri = next();
  const nginx::Config config = fuzz::parse(text.substr(std::min(at, size)));
  try {
    const auto site = nginx::understand(config);
    if (!site.seen()) return 0;
    nginx::Asked asked;
    asked.address = address;
    asked.port = static_cast<int>(parse_number(port, 0, 65535));
    asked.host = host;
    asked.path = uri;
    // Some send no further header, some come from where that is known.
    if (size % 2 == 0) asked.headers.emplace();
    if (size % 4 < 2) asked.client = "10.0.0.1";
    const auto chosen = nginx::choose(config, *site, asked);
    if (!chosen) return 0;
    fuzz::require(chosen->server != nullptr, "an answer comes from a server block");
    nginx::members(*site, chosen->action);
  } catch (const NotSeen&) {
    // What cannot be told is said so.
  } catch (const std::invalid_argument&) {
    // No port.
  }
  return 0;
}
