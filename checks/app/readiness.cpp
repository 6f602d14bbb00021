// The application tells the load balancer by its status whether it is ready.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/lines.h"
#include "hopcheck/sample.h"
#include "hopcheck/source_lines.h"

using namespace hopcheck;

namespace {

std::string lower(std::string text) {
  for (char& letter : text)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

bool is_json(const Exchange& exchange) {
  const auto first = exchange.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && exchange.body[first] == '{';
}

/// The value of a key on the first level of a JSON object, as written, in small letters; "" where
/// it has none.
std::string first_level(const std::string& body, const std::string& key) {
  int depth = 0;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '{' || body[i] == '[') ++depth;
    if (body[i] == '}' || body[i] == ']') --depth;
    if (body[i] != '"') continue;
    const auto end = body.find('"', i + 1);
    if (end == std::string::npos) return {};
    const std::string name = body.substr(i + 1, end - i - 1);
    const auto colon = body.find_first_not_of(" \t\r\n", end + 1);
    i = end;
    if (depth != 1 || name != key || colon == std::string::npos || body[colon] != ':') continue;
    const auto begin = body.find_first_not_of(" \t\r\n\"", colon + 1);
    if (begin == std::string::npos) return {};
    return body.substr(begin, body.find_first_of("\",}\r\n ", begin) - begin);
  }
  return {};
}

/// `"ready": false` and the like, as the body has it; "" where the body says no such thing.
std::string not_ready(const Exchange& exchange) {
  if (!is_json(exchange)) return {};
  const std::string body = lower(exchange.body);
  for (const char* key : {"ready", "readiness", "healthy", "alive", "ok", "available"}) {
    const std::string value = first_level(body, key);
    if (value == "false" || value == "no" || value == "down")
      return fmt::format("\"{}\": {}", key, value);
  }
  for (const char* key : {"status", "state", "health"}) {
    const std::string value = first_level(body, key);
    for (const char* bad :
         {"down", "unhealthy", "not_ready", "not-ready", "notready", "unavailable", "draining",
          "maintenance", "fail", "failed", "error", "starting"}) {
      if (value == bad) return fmt::format("\"{}\": \"{}\"", key, value);
    }
  }
  return {};
}

/// Words with which an application takes itself out; "" for none.
std::string takes_itself_out(const Exchange& exchange) {
  const std::string said = not_ready(exchange);
  if (!said.empty()) return said;
  const std::string retry = exchange.header("Retry-After");
  if (!retry.empty()) return "Retry-After: " + retry;
  const std::string body = lower(exchange.body.substr(0, 200));
  for (const char* words :
       {"draining", "not ready", "maintenance", "shutting down", "out of service"}) {
    if (body.find(words) != std::string::npos) return fmt::format("\"{}\"", words);
  }
  return {};
}

Evidence cite_body(const Route& route, const std::string& said) {
  return {EvidenceKind::probe, route.request.method + " " + route.request.url(), 0, said, true};
}

/// The answer's first words as they came, on one line.
std::string quoted_body(const Exchange& exchange) {
  constexpr std::size_t kMost = 120;
  std::string text = exchange.body.substr(0, exchange.body.find_last_not_of(" \t\r\n") + 1);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text.size() > kMost ? text.substr(0, kMost) + "..." : text;
}

/// "/run/shop/drain" of `if os.path.exists("/run/shop/drain"):`, where that file is there.
std::string asked_for(const Deployment& host, const std::string& code) {
  const auto open = code.find_first_of("\"'");
  if (open == std::string::npos || code[open + 1] != '/') return {};
  const auto close = code.find(code[open], open + 1);
  if (close == std::string::npos) return {};
  const std::string path = code.substr(open + 1, close - open - 1);
  const auto walk = host.walk(path);
  const bool there = walk.seen() && walk->whole.seen() && walk->exists() &&
                     walk->last().type == PathStep::Type::file;
  return there ? path : "";
}

/// The source looks whether a file exists, and answers 503 in one of the lines below.
void switched_off_by_file(const Deployment& host, const Route& route, Finding& finding, Fix& fix) {
  constexpr int kLinesBelow = 3;
  if (route.endpoints.empty()) return;
  const auto app = host.app_behind(route.endpoints.front());
  if (!app.seen() || *app == nullptr) return;
  for (const char* word : {"exists", "isfile", "is_file"}) {
    for (const Evidence& asks : source_lines(host, **app, word)) {
      const std::string path = asked_for(host, asks.text);
      if (path.empty() || path.starts_with("/etc/")) continue;
      for (int below = 1; below <= kLinesBelow; ++below) {
        const auto line = line_of(host, asks.source, asks.line + below);
        if (!line.seen() || line->find("503") == std::string::npos) continue;
        finding.evidence.push_back(asks);
        finding.evidence.push_back(
            {EvidenceKind::file, asks.source, asks.line + below, *line, false});
        fix.summary = fmt::format(
            "if nobody works on it now, move {} away, which switches it off; if somebody does, "
            "wait for them",
            path);
        fix.commands = {"mv " + shell_quote(path) + " " + shell_quote(path + ".off")};
        return;
      }
    }
  }
}

Finding about(const Route& route, const Exchange& exchange, const std::string& said) {
  Finding finding;
  finding.about = {route.node()};
  finding.evidence = {cite(route.request, exchange), cite_body(route, said)};
  return finding;
}

/// Some answers good, some 503: what one worker was told, another does not know.
bool differs(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<std::vector<Measurement>> measurements = measured(host, route);
  const auto& all = *measurements;
  const auto& codes = route.target->lb.codes.value;
  const auto is_good = [&](const Measurement& one) {
    return one.answered() && codes.contains(one.status);
  };
  const auto is_out = [](const Measurement& one) { return one.status == 503; };
  const auto good = std::count_if(all.begin(), all.end(), is_good);
  const auto away = std::count_if(all.begin(), all.end(), is_out);
  if (good == 0 || away == 0) return false;
  Finding finding;
  finding.code = "app.readiness-flag-per-worker";
  finding.title =
      fmt::format("of {} requests for {} the application answered {} as wanted and {} with 503",
                  all.size(), route.request.path, good, away);
  finding.about = {route.node()};
  std::string list;
  for (const auto& one : all) list += (list.empty() ? "" : ", ") + std::to_string(one.status);
  finding.evidence = {cite_body(route, list)};
  Fix fix;
  fix.summary =
      "keep the readiness flag where all workers see it: a file, a database, not a "
      "variable of the module";
  fix.on = On::repo;
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
  return true;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<Exchange> probe = host.probe(route);
  const Exchange& exchange = *probe;
  if (!exchange.answered() || author(exchange) == Author::nginx || route.request.scheme == "tcp")
    return;
  const bool good = route.target->lb.codes.value.contains(exchange.status);
  if (!good && exchange.status != 503) return;
  const std::string said = good ? not_ready(exchange) : takes_itself_out(exchange);
  const bool quick = exchange.total_ms < route.target->lb.timeout_ms.value;
  if (quick && differs(host, route, out)) return;
  if (said.empty()) return;
  Finding finding = about(route, exchange, said);
  Fix fix;
  fix.on = On::repo;
  if (good) {
    finding.code = "app.readiness-always-200";
    finding.confidence = Confidence::likely;
    finding.title = fmt::format("{} says {} with status {}: the load balancer keeps sending",
                                route.request.path, said, exchange.status);
    const auto handler = handler_line(host, route, route.request.path);
    fix.summary = fmt::format(
        "answer {} with status 503 while the application is not ready{} (that takes this host out "
        "of service for as long as it says so)",
        route.request.path,
        handler ? fmt::format(", in the function at {}:{}", handler->source, handler->line) : "");
    if (handler) finding.evidence.push_back(*handler);
    finding.evidence.push_back(
        cite("codes", route.target->lb.codes, route.target->lb.codes.value.text));
  } else {
    finding.code = "app.readiness-withdrawn";
    const std::string body = quoted_body(exchange);
    const bool in_header = said.starts_with("Retry-After");
    finding.title =
        fmt::format("the application takes itself out of service: {} answers 503{}{}",
                    route.request.path, in_header || body.empty() ? " with " + said : "",
                    body.empty() ? "" : ", and says: " + body);
    if (!body.empty()) finding.evidence.back().text = body;
    fix.on = On::host;
    fix.summary =
        "if nobody works on it now, take back what switched it off (a file, a setting or a flag "
        "that the application looks at); if somebody does, wait for them";
    switched_off_by_file(host, route, finding, fix);
  }
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(app_readiness) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe) probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("there is no load balancer's route");
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
