// The report as JSON, hopcheck.report/1: members in the contract's order.
#include "report/json_parts.h"
#include "report/names.h"
#include "report/report.h"

namespace hopcheck {
namespace {

Json evidence_json(const Evidence& evidence) {
  return {{"kind", kind_name(evidence.kind)},
          {"source", evidence.source},
          {"line", evidence.line},
          {"text", evidence.text},
          {"untrusted", evidence.untrusted}};
}

Json finding_json(const ReportedFinding& reported) {
  const Finding& finding = reported.finding;
  return {{"code", finding.code},
          {"fingerprint", reported.fingerprint},
          {"hop", reported.hop},
          {"severity", severity_name(reported.severity)},
          {"confidence", confidence_name(finding.confidence)},
          {"when", when_name(finding.when)},
          {"title", finding.title},
          {"detail", finding.detail},
          {"about", strings(finding.about)},
          {"evidence", list(finding.evidence, evidence_json)},
          {"fixes", list(finding.fixes, fix_json)},
          {"why", reported.why},
          {"explains", strings(reported.explains)},
          {"ignored", reported.ignored}};
}

Json hop_json(const ChainHop& hop) {
  return {{"hop", hop.hop}, {"label", hop.label}, {"status", hop.status}};
}

Json route_json(const ReportedRoute& route) {
  return {{"name", route.name},
          {"target", route.target},
          {"verdict", route.verdict},
          {"chain", list(route.chain, hop_json)},
          {"diagnosis", strings(route.diagnosis)}};
}

Json check_json(const ReportedCheck& check) {
  return {{"id", check.id},
          {"status", check.status},
          {"reason", check.reason},
          {"duration_ms", rounded(check.duration_ms)}};
}

Json unseen_json(const ReportedUnseen& unseen) {
  return {{"what", unseen.what},
          {"why", unseen.why},
          {"needs", text_or_null(unseen.needs)},
          {"hops", strings(unseen.hops)}};
}

Json request_json(const ReportedRequest& request) {
  return {{"method", request.method},
          {"url", request.url},
          {"sent_as", request.sent_as},
          {"status", request.status},
          {"time_ms", rounded(request.time_ms)}};
}

Json next_json(const NextStep& next) {
  return {{"question", next.question}, {"command", next.command}};
}

Json lb_json(const std::vector<ReportedSetting>& settings) {
  Json result = Json::object();
  for (const auto& setting : settings) {
    Json value = Json::parse(setting.json, nullptr, false);
    if (value.is_discarded()) value = setting.text;
    result[setting.name] = {
        {"value", std::move(value)}, {"from", from_name(setting.from)}, {"source", setting.source}};
  }
  return result;
}

}  // namespace

std::string to_json(const Report& report) {
  Json json;
  json["schema"] = "hopcheck.report/1";
  json["tool"] = {{"name", "hopcheck"}, {"version", report.version}};
  json["host"] = host_json(report.host);
  json["config"] = text_or_null(report.config_file);
  json["started_at"] = text_or_null(report.started_at);
  json["duration_ms"] = rounded(report.duration_ms);
  json["scope"] = report.scope;
  json["complete"] = report.complete;
  json["verdict"] = report.verdict;
  json["verdict_reason"] = text_or_null(report.verdict_reason);
  json["exit_code"] = report.exit_code;
  json["summary"] = report.summary;
  json["lb"] = lb_json(report.lb);
  json["chain"] = list(report.chain, hop_json);
  json["routes"] = list(report.routes, route_json);
  json["diagnosis"] = list(report.diagnosis, finding_json);
  json["findings"] = list(report.findings, finding_json);
  json["checks"] = list(report.checks, check_json);
  json["unseen"] = list(report.unseen, unseen_json);
  json["requests"] = list(report.requests, request_json);
  json["observed"] = strings(report.observed);
  json["ruled_out"] = strings(report.ruled_out);
  json["next"] = list(report.next, next_json);
  return dumped(json);
}

}  // namespace hopcheck
