// Answers for the differential test: reads a configuration, then a request a line (JSON), and
// prints what the router says of each.
#include <cerrno>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fcntl.h>
#include <grp.h>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts/nginx/parse.h"
#include "facts/nginx/site.h"

using namespace hopcheck;
using namespace hopcheck::nginx;
using nlohmann::json;

namespace {

/// JSON holds text: a byte is the character of its number.
std::string bytes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      out += text[i];
    } else {
      out += static_cast<char>((first & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
    }
  }
  return out;
}

std::string characters(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    if (value < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | value >> 6);
      out += static_cast<char>(0x80 | (value & 0x3f));
    }
  }
  return out;
}

Answer read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Answer::absent();
  std::ostringstream text;
  text << in.rdbuf();
  return Answer::present(text.str());
}

Fact<FileSeen> look(const std::string& path) {
  if (!path.starts_with('/')) return Unseen{Unseen::Why::undecidable, path + " is relative", {}};
  struct stat seen {};
  FileSeen out;
  if (stat(path.c_str(), &seen) != 0) {
    if (errno == EACCES) out.kind = FileSeen::Kind::unreachable;
    return out;
  }
  out.kind = S_ISREG(seen.st_mode)   ? FileSeen::Kind::file
             : S_ISDIR(seen.st_mode) ? FileSeen::Kind::directory
                                     : FileSeen::Kind::other;
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  out.readable = fd >= 0;
  if (fd >= 0) close(fd);
  return out;
}

/// The backends' answers by port, as generate.py has them.
PassEnd answered(const Site& site, const Action& pass) {
  static const std::map<int, int> kPorts = {{9001, 200}, {9002, 200}, {9003, 404},
                                            {9004, 503}, {9005, 302}, {9006, 401}};
  // HTTP is all that they speak.
  const bool http = pass.kind == Action::Kind::proxy_pass && !pass.target.starts_with("https:");
  if (!http) return {502, true};
  for (const Member& member : members(site, pass)) {
    if (member.down || member.backup) continue;
    if (member.path.ends_with("none.sock")) break;
    if (member.is_unix()) return {200, false};
    const auto found = kPorts.find(member.port);
    if (found == kPorts.end() || member.host != "127.0.0.1") break;
    return {found->second, false};
  }
  return {502, true};
}

std::string backend(const Site& site, const Action& pass) {
  for (const Member& member : members(site, pass)) {
    if (!member.down && !member.backup) return member.is_unix() ? "0" : std::to_string(member.port);
  }
  return "";
}

json words(const Site& site, const std::optional<Chosen>& chosen) {
  if (!chosen) return {{"refused", true}};
  const Action& action = chosen->action;
  if (action.target == "TLS handshake") return {{"refused", true}};
  if (action.kind == Action::Kind::unknown || !action.sure) {
    return {{"unknown", action.reason.empty() ? "no reason" : characters(action.reason)}};
  }
  json out;
  const int location = chosen->location == nullptr ? 0 : chosen->location->from.line;
  out["at"] = std::to_string(chosen->server->from.line) + "." + std::to_string(location);
  out["kind"] = action_name(action.kind);
  out["status"] = action.status;
  out["location"] = characters(action.location);
  out["uri"] = characters(chosen->uri);
  out["reason"] = characters(action.reason);
  out["file"] = characters(action.target);
  out["sends"] = characters(action.sends);
  if (action.kind == Action::Kind::proxy_pass) out["backend"] = backend(site, action);
  for (const Step& step : chosen->steps) out["steps"].push_back(characters(step.text));
  return out;
}

Asked asked_of(const json& line, const Site& site) {
  Asked out;
  out.address = line["address"];
  out.port = line["port"];
  if (!line["host"].is_null()) {
    out.host = bytes(line["host"]);
    if (out.host.empty()) out.host = " ";
  }
  out.path = bytes(line["target"]);
  out.method = line["method"];
  out.version = line["version"];
  out.sni = line["sni"];
  out.tls = line["tls"].get<bool>();
  if (line.value("blind", false)) return out;
  out.client = line["client"];
  out.headers.emplace();
  for (const auto& [name, value] : line["headers"].items()) {
    std::string key = name;
    for (char& c : key) c = static_cast<char>(tolower(c));
    (*out.headers)[key] = bytes(value);
  }
  out.file = look;
  out.answered = [&site](const Action& pass) { return answered(site, pass); };
  return out;
}

/// Files look to us as they do to nginx's workers.
void become(const char* user) {
  const passwd* who = getpwnam(user);
  if (who == nullptr || setgroups(0, nullptr) != 0 || setegid(who->pw_gid) != 0 ||
      seteuid(who->pw_uid) != 0) {
    std::cerr << "cannot become " << user << "\n";
    std::exit(2);
  }
}

/// LeakSanitizer looks at the process as it ends, which the workers' user may not.
void return_to_root() {
  if (seteuid(0) != 0) std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const Reader reader{read_file, [](const std::string&) { return Answer::absent(); }};
  const Config config = parse(argv[1], argv[2], reader);
  const Fact<Site> site = understand(config);
  become(argv[3]);
  for (std::string text; std::getline(std::cin, text);) {
    try {
      std::cout << words(*site, choose(config, *site, asked_of(json::parse(text), *site))) << "\n";
    } catch (const NotSeen& unseen) {
      std::cout << json{{"unknown", characters(unseen.unseen().what)}} << "\n";
    }
  }
  return_to_root();
}
