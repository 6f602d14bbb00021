// The hop of a file that nginx serves itself: whether it is there, and who may not reach it.
#include <fmt/format.h>

#include "hopcheck/permit.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

/// All that keeps the worker from the file, opened by the narrowest rights.
Fix let_through(const Credentials& worker, const Walk& walk) {
  Fix fix;
  fix.summary = fmt::format("let {} read it", worker.user);
  for (const PathStep& step : walk.steps) {
    const bool directory = step.type == PathStep::Type::directory;
    const bool file = step.type == PathStep::Type::file;
    if ((!directory && !file) || may(worker, step, directory ? Access::search : Access::read))
      continue;
    const Permit way = permit(worker, step, directory ? 1U : 4U);
    fix.commands.push_back(way.command);
    if (fix.widens.empty()) fix.widens = way.widens;
  }
  return fix;
}

void stop(TraceHop& hop, Outlook& outlook, int status, std::string reason, std::string code) {
  hop.status = HopStatus::fail;
  hop.reason = std::move(reason);
  hop.explain = std::move(code);
  outlook.statuses = {status};
}

void judge_denied(const Credentials& worker, const Walk& walk, const PathStep& step, TraceHop& hop,
                  FileHop& detail, Outlook& outlook) {
  detail.denied_at = step.path;
  const bool directory = step.type == PathStep::Type::directory;
  stop(hop, outlook, 403,
       fmt::format("nginx ({}) may not {} {}: {}", worker.user, directory ? "pass" : "read",
                   step.path, describe(step)),
       directory ? "nginx.static-not-traversable" : "nginx.static-file-unreadable");
  hop.fix = let_through(worker, walk);
}

/// The last folder that is there shows where the path goes wrong.
void judge_absent(const Walk& walk, TraceHop& hop, Outlook& outlook) {
  stop(hop, outlook, 404, walk.last().path + " is not there", "nginx.static-path-missing");
}

void judge_found(const Trail& trail, const Walk& walk, TraceHop& hop, Outlook& outlook) {
  const std::string& method = trail.request.method;
  const PathStep& last = walk.last();
  const int told = trail.chosen->action.status;
  hop.text = fmt::format("{}: {}", walk.path, describe(last));
  if (last.type == PathStep::Type::directory) {
    outlook.statuses = {told != 0 ? told : 403};
    // A listing is no file, and yet an answer.
    if (told == 0 || told >= 400) hop.status = HopStatus::fail;
    hop.reason = walk.path + " is a directory, without an index file or a listing";
  } else if (last.type != PathStep::Type::file) {
    stop(hop, outlook, 404, walk.path + " is no regular file", "");
  } else if (method != "GET" && method != "HEAD") {
    stop(hop, outlook, 405, fmt::format("nginx takes GET and HEAD for a file, not {}", method),
         "lb.method-not-allowed");
  } else {
    outlook.statuses = {told != 0 ? told : 200};
  }
  if (hop.status == HopStatus::pass) hop.reason.clear();
}

void judge(const Trail& trail, TraceHop& hop, FileHop& detail, Outlook& outlook) {
  const auto walk = trail.host.walk(detail.path);
  const auto& worker = trail.instance->worker;
  if (worker.seen()) {
    detail.user = worker->user;
    if (const PathStep* step = denied_at(*worker, *walk, Access::read))
      return judge_denied(*worker, *walk, *step, hop, detail, outlook);
  }
  if (!walk->exists()) return judge_absent(*walk, hop, outlook);
  judge_found(trail, *walk, hop, outlook);
  if (worker.seen() || hop.status != HopStatus::pass) return;
  mark_unseen(hop, worker.unseen());
  hop.reason = "whether nginx may read it is not known: " + hop.reason;
  outlook.kind = Outlook::Kind::unknown;
}

/// The file that is asked for: where an error_page stands for a missing one, the missing one.
std::string asked_file(const Trail& trail) {
  const nginx::Action& action = trail.chosen->action;
  if (action.status < 400) return action.target;
  const auto first = choose_without_pages(trail);
  return first && first->action.kind == nginx::Action::Kind::static_ ? first->action.target
                                                                     : action.target;
}

/// Whoever makes the page of it, the status is that of the error.
void take_final_status(const Trail& trail, Outlook& outlook) {
  const int status = trail.chosen->action.status;
  if (outlook.kind == Outlook::Kind::statuses && status != 0) outlook.statuses = {status};
}

}  // namespace

void add_file(Trail& trail) {
  if (!trail.chosen || trail.chosen->action.kind != nginx::Action::Kind::static_) return;
  TraceHop hop;
  hop.hop = "file";
  FileHop detail;
  detail.path = asked_file(trail);
  hop.text = detail.path;
  Outlook outlook;
  outlook.kind = Outlook::Kind::statuses;
  outlook.hop = "file";
  try {
    judge(trail, hop, detail, outlook);
    take_final_status(trail, outlook);
  } catch (const NotSeen& not_seen) {
    mark_unseen(hop, not_seen.unseen());
    outlook.kind = Outlook::Kind::unknown;
  }
  outlook.why = hop.reason.empty() ? "the file " + detail.path : hop.reason;
  hop.detail = std::move(detail);
  if (is_open(trail)) trail.outlook = std::move(outlook);
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
