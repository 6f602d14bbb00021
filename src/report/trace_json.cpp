// The trace as JSON, hopcheck.trace/1: members in the contract's order.
#include "report/json_parts.h"
#include "report/trace.h"

namespace hopcheck {
namespace {

Json number_or_null(int number) {
  return number == 0 ? Json(nullptr) : Json(number);
}

Json at_json(const TracedLine& at) {
  return {{"file", text_or_null(at.file)}, {"line", at.line}};
}

void add(Json& json, const NameHop& hop) {
  json["name"] = hop.name;
  json["addresses"] = strings(hop.addresses);
}

void add(Json& json, const LbHop& hop) {
  json["profile"] = hop.profile;
  json["sources"] = strings(hop.sources);
  json["ends_tls"] = hop.ends_tls;
}

void add(Json& json, const FirewallHop& hop) {
  json["front_end"] = text_or_null(hop.front_end);
  json["verdict"] = hop.verdict;
  json["rule"] = nullptr;
  if (!hop.rule) return;
  json["rule"] = {{"table", hop.rule->table},
                  {"chain", hop.rule->chain},
                  {"handle", number_or_null(hop.rule->handle)},
                  {"number", number_or_null(hop.rule->number)},
                  {"text", hop.rule->text}};
}

void add(Json& json, const ListenerHop& hop) {
  json["address"] = text_or_null(hop.address);
  json["pid"] = number_or_null(hop.pid);
  json["program"] = text_or_null(hop.program);
  json["unit"] = text_or_null(hop.unit);
}

Json turn_json(const NginxHop::Turn& turn) {
  Json json = at_json(turn.at);
  json["text"] = turn.text;
  json["uri"] = turn.uri;
  return json;
}

void add(Json& json, const NginxHop& hop) {
  json["config"] = text_or_null(hop.config);
  json["server"] = nullptr;
  json["location"] = nullptr;
  json["uri"] = text_or_null(hop.uri);
  json["steps"] = list(hop.steps, turn_json);
  json["action"] = nullptr;
  if (hop.server) {
    Json server = at_json(hop.server->at);
    server["name"] = hop.server->name;
    server["matched_by"] = hop.server->matched_by;
    json["server"] = std::move(server);
  }
  if (hop.location) {
    Json location = at_json(hop.location->at);
    location["pattern"] = hop.location->pattern;
    location["matched_by"] = hop.location->matched_by;
    json["location"] = std::move(location);
  }
  if (hop.action.empty()) return;
  Json action = {{"kind", hop.action}, {"target", hop.target}};
  action.update(at_json(hop.action_at));
  json["action"] = std::move(action);
}

void add(Json& json, const FileHop& hop) {
  json["path"] = hop.path;
  json["user"] = text_or_null(hop.user);
  json["denied_at"] = text_or_null(hop.denied_at);
}

Json listening_json(const UpstreamHop::Member& member) {
  return member.listening ? Json(*member.listening) : Json(nullptr);
}

Json member_json(const UpstreamHop::Member& member) {
  return {{"address", member.address},
          {"listening", listening_json(member)},
          {"backup", member.backup},
          {"down", member.down},
          {"denied_at", text_or_null(member.denied_at)},
          {"reason", text_or_null(member.reason)}};
}

void add(Json& json, const UpstreamHop& hop) {
  static const UpstreamHop::Member none;
  const auto& first = hop.members.empty() ? none : hop.members.front();
  json["address"] = text_or_null(first.address);
  json["listening"] = listening_json(first);
  json["denied_at"] = text_or_null(first.denied_at);
  json["user"] = text_or_null(hop.user);
  json["upstream"] = text_or_null(hop.name);
  json["members"] = list(hop.members, member_json);
}

void add(Json& json, const AppHop& hop) {
  json["program"] = text_or_null(hop.program);
  json["app"] = text_or_null(hop.app);
  json["pid"] = number_or_null(hop.pid);
  json["unit"] = text_or_null(hop.unit);
  json["settings"] = list(hop.settings, [](const AppHop::Value& value) {
    Json one = {{"name", value.name}, {"value", value.value}};
    one.update(at_json(value.at));
    return one;
  });
}

void add(Json& json, const ResponseHop& hop) {
  json["status_code"] = number_or_null(hop.status_code);
  json["time_ms"] = rounded(hop.time_ms);
  json["error"] = text_or_null(hop.error);
  json["server"] = text_or_null(hop.server);
  json["location"] = text_or_null(hop.location);
}

Json hop_json(const TraceHop& hop) {
  Json json = {{"hop", hop.hop}, {"status", hop_status_name(hop.status)}};
  std::visit([&](const auto& detail) { add(json, detail); }, hop.detail);
  json["text"] = hop.text;
  json["reason"] = text_or_null(hop.reason);
  json["notes"] = strings(hop.notes);
  json["explain"] = text_or_null(hop.explain);
  json["fix"] = hop.fix ? fix_json(*hop.fix) : Json(nullptr);
  return json;
}

Json disagreement_json(const std::optional<Disagreement>& found) {
  if (!found) return nullptr;
  return {{"hop", found->hop},
          {"predicted", found->predicted},
          {"observed", found->observed},
          {"means", found->means},
          {"explain", text_or_null(found->explain)}};
}

}  // namespace

const char* hop_status_name(HopStatus status) {
  switch (status) {
    case HopStatus::pass:
      return "pass";
    case HopStatus::fail:
      return "fail";
    case HopStatus::skip:
      return "skip";
    case HopStatus::unknown:
      break;
  }
  return "unknown";
}

std::string to_json(const Trace& trace) {
  Json json;
  json["schema"] = "hopcheck.trace/1";
  json["tool"] = {{"name", "hopcheck"}, {"version", trace.version}};
  json["host"] = host_json(trace.host);
  json["scope"] = trace.scope;
  json["request"] = {{"method", trace.request.method},
                     {"url", trace.request.url},
                     {"host", text_or_null(trace.request.host)},
                     {"source", text_or_null(trace.request.source)},
                     {"scheme", trace.request.scheme},
                     {"address", trace.request.address},
                     {"port", trace.request.port}};
  json["hops"] = list(trace.hops, hop_json);
  Json statuses = Json::array();
  for (const int status : trace.predicted.statuses) statuses.push_back(status);
  json["predicted"] = {{"status_codes", std::move(statuses)},
                       {"by", text_or_null(trace.predicted.hop)},
                       {"text", trace.predicted.text}};
  json["disagreement"] = disagreement_json(trace.disagreement);
  json["stopped_at"] = text_or_null(trace.stopped_at);
  json["outcome"] = trace.outcome;
  json["summary"] = trace.summary;
  json["exit_code"] = trace.exit_code;
  return dumped(json);
}

}  // namespace hopcheck
