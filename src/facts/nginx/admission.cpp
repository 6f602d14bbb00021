// Who may: allow and deny, passwords, and `satisfy`.
#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/nginx/walk.h"

namespace hopcheck::nginx {

namespace {

/// The rule that holds for a client on a Unix socket.
const AccessRule* rule_for_unix(const std::vector<AccessRule>& rules) {
  const auto found = std::find_if(rules.begin(), rules.end(), [](const AccessRule& rule) {
    return rule.source == "all" || rule.source == "unix:";
  });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

/// The allow and deny lines in force: those of an outer block hold only where a block has none.
void Walk::collect_access() {
  access_.clear();
  for (auto at = visit_.around.rbegin(); at != visit_.around.rend() && access_.empty(); ++at) {
    for (const Directive& child : config_.at(*at).children()) {
      if (child.name() != "allow" && child.name() != "deny") continue;
      access_.push_back({child.name() == "allow", std::string(child.arg(0)), child.evidence()});
    }
  }
}

Walk::Word Walk::by_address(Action& refusal) {
  const std::string& client = visit_.client;
  const AccessRule* rule = nullptr;
  if (client.empty()) {
    if (access_.empty()) return Word::none;
    if (access_.front().source == "all") {
      rule = &access_.front();
    } else {
      const Evidence& from = access_.front().from;
      visit_.notes.push_back(from.text + " (" + from.source + ":" + std::to_string(from.line) +
                             ") and its like decide by the client's address");
    }
  } else {
    rule = client == "unix:" ? rule_for_unix(access_) : deciding_rule(access_, client);
  }
  if (rule == nullptr) return Word::none;
  if (rule->allows) return Word::lets_in;
  refusal.kind = Action::Kind::deny;
  refusal.target = "403";
  refusal.status = 403;
  refusal.from = rule->from;
  return Word::refuses;
}

Walk::Word Walk::by_password(Action& refusal) {
  const auto realm = in_force(visit_, "auth_basic");
  if (!realm || !visit_.asked->headers || !in_force(visit_, "auth_basic_user_file")) {
    return Word::none;
  }
  const auto text = expand(visit_, realm->arg(0));
  if (text == "off") return Word::none;
  const auto& headers = *visit_.asked->headers;
  const auto sent = headers.find("authorization");
  if (!text || !visit_.headers_read ||
      (sent != headers.end() && starts_with_lower(sent->second, "basic "))) {
    visit_.notes.push_back(cited(*realm) + " decides by the password");
    return Word::none;
  }
  refusal.kind = Action::Kind::deny;
  refusal.target = "401";
  refusal.status = 401;
  refusal.from = realm->evidence();
  return Word::refuses;
}

void Walk::access_phase() {
  take_real_client(visit_);
  collect_access();
  const auto satisfy = in_force(visit_, "satisfy");
  const bool any = satisfy && satisfy->arg(0) == "any";
  Action address;
  const Word by_where = by_address(address);
  if (by_where == Word::refuses && !any) return respond(std::move(address));
  if (by_where == Word::lets_in && any) return content_phase();
  Action password;
  const Word by_who = by_password(password);
  const auto subrequest = in_force(visit_, "auth_request");
  if (subrequest && subrequest->arg(0) != "off" && visit_.asked->headers) {
    visit_.notes.push_back(cited(*subrequest) + " asks another location");
  }
  note_programs({"access_by_lua"});
  if (by_who == Word::refuses) return respond(std::move(password));
  if (by_where == Word::refuses) return respond(std::move(address));
  content_phase();
}

}  // namespace hopcheck::nginx
