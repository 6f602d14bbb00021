// Ways to let the meant server block answer, each tried on the configuration before it is told.
#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/nginx/names.h"
#include "facts/nginx/site.h"
#include "hopcheck/lines.h"
#include "hopcheck/server_blocks.h"

namespace hopcheck {
namespace {

using nginx::Config;
using nginx::Listen;
using nginx::ServerBlock;
using nginx::Site;

/// What is to be changed, on the host and in what we read of it.
class Plan {
 public:
  Plan(const Deployment& host, const WrongBlock& wrong)
      : host_(host),
        wrong_(wrong),
        config_(*wrong.route->instance->config),
        site_(*wrong.route->instance->site) {
    fix_.commands = {wrong.route->instance->load_command()};
    fix_.interrupts = Interrupts::reload;
  }

  /// Nothing where requests with these Hosts would still go elsewhere.
  std::optional<Fix> tried(const std::vector<std::string>& hosts) const {
    if (!whole_) return std::nullopt;
    const Request& request = wrong_.route->request;
    for (const auto& name : hosts) {
      try {
        const auto chosen =
            nginx::choose(config_, site_, request.address, request.port, name, request.path);
        if (!chosen || chosen->server->directive != wrong_.meant->directive) return std::nullopt;
      } catch (const NotSeen&) {
        return std::nullopt;
      }
    }
    return fix_;
  }

  void leave_out_file(const std::string& file, const LeaveOut& way) {
    // Another block may send to an upstream that stands in it.
    whole_ =
        std::none_of(site_.upstreams.all().begin(), site_.upstreams.all().end(),
                     [&](const nginx::Upstream& upstream) { return upstream.from.source == file; });
    std::erase_if(site_.servers,
                  [&](const ServerBlock& server) { return server.from.source == file; });
    say("take " + file + " out of nginx's configuration" +
        (way.keeps.empty() ? "" : "; " + way.keeps));
    fix_.commands.insert(fix_.commands.begin(), way.command);
  }

  void add_names(const std::vector<std::string>& hosts) {
    ServerBlock* meant = copy_of(*wrong_.meant);
    std::vector<std::string> added;
    for (const auto& name : hosts) {
      if (nginx::fitting_name(*meant, name)) continue;
      const auto slip = std::find_if(
          meant->names.begin(), meant->names.end(),
          [&](const std::string& written) { return nginx::is_misspelt(written, name); });
      if (slip != meant->names.end()) {
        correct(*meant, *slip, name);
        *slip = name;
        continue;
      }
      added.push_back(name);
      meant->names.push_back(name);
    }
    if (!added.empty()) write_names(*meant, added);
  }

  void listen_alike() {
    const Listen& theirs = *wrong_.taken_by;
    ServerBlock* meant = copy_of(*wrong_.meant);
    Listen listen = theirs;
    listen.default_server = false;
    meant->listens.push_back(listen);
    const auto edit = line_before(
        host_, wrong_.meant_listen->from,
        "listen " + address_text(theirs.address, theirs.port) + (theirs.ssl ? " ssl;" : ";"));
    if (edit) fix_.edits.insert(fix_.edits.begin(), *edit);
    whole_ = whole_ && edit.has_value();
    say("let the block at " + place(*meant) + " listen on " +
        address_text(theirs.address, theirs.port) + " as well");
  }

  /// Takes the names that both blocks have from the one that answers.
  void give_up_names() {
    ServerBlock* answers = copy_of(*wrong_.route->server);
    std::vector<std::string> kept;
    std::string given;
    for (const auto& name : answers->names) {
      ServerBlock only;
      only.names = {name};
      const bool fits = nginx::fitting_name(only, wrong_.name).has_value();
      (fits ? given : kept.emplace_back()) = name;
    }
    answers->names = kept;
    const auto line = names_line(*answers);
    std::optional<Edit> edit;
    if (line && kept.empty()) {
      edit = replaced_in_line(host_, line->evidence(), written_names(*line), "server_name _;");
    } else if (line) {
      edit = replaced_in_line(host_, line->evidence(), " " + given, "");
    }
    if (edit) fix_.edits.push_back(*edit);
    whole_ = whole_ && edit.has_value();
    say("take the name " + given + " from the block at " + place(*answers));
  }

 private:
  void say(const std::string& step) {
    fix_.summary += (fix_.summary.empty() ? "" : ", and ") + step;
  }

  static std::string place(const ServerBlock& server) {
    return server.from.source + ":" + std::to_string(server.from.line);
  }

  ServerBlock* copy_of(const ServerBlock& server) {
    const auto found =
        std::find_if(site_.servers.begin(), site_.servers.end(),
                     [&](const ServerBlock& one) { return one.directive == server.directive; });
    return &*found;
  }

  std::optional<nginx::Directive> names_line(const ServerBlock& server) const {
    return config_.at(server.directive).child("server_name");
  }

  void correct(const ServerBlock& meant, const std::string& wrong, const std::string& right) {
    const auto line = names_line(meant);
    const auto edit = line ? replaced_in_line(host_, line->evidence(), wrong, right) : std::nullopt;
    if (edit) fix_.edits.push_back(*edit);
    whole_ = whole_ && edit.has_value();
    say("write " + right + " at " + place(meant));
  }

  /// "server_name x y;" as it stands in its line, which may end before the directive does.
  std::string written_names(const nginx::Directive& directive) const {
    const Evidence at = directive.evidence();
    const auto line = line_of(host_, at.source, at.line);
    const auto begin = line.seen() ? line->find("server_name") : std::string::npos;
    if (begin == std::string::npos) return {};
    const auto end = line->find(';', begin);
    return line->substr(begin, end == std::string::npos ? end : end + 1 - begin);
  }

  static std::string with_names(const std::string& written, const std::string& words) {
    if (!written.ends_with(';')) return written + words;
    return written.substr(0, written.size() - 1) + words + ";";
  }

  void write_names(const ServerBlock& meant, const std::vector<std::string>& added) {
    std::string words;
    for (const auto& name : added) words += " " + name;
    say("let the block at " + place(meant) + " have the name" + (added.size() > 1 ? "s" : "") +
        words);
    std::optional<Edit> edit;
    if (!fix_.edits.empty() && fix_.edits.back().remove.find("server_name") != std::string::npos) {
      std::string& changed = fix_.edits.back().add;
      changed = with_names(changed, words);
      return;
    }
    if (const auto line = names_line(meant)) {
      edit = replaced_in_line(host_, line->evidence(), written_names(*line),
                              with_names(written_names(*line), words));
    } else if (const auto first = config_.at(meant.directive).children(); !first.empty()) {
      edit = line_before(host_, first.front().evidence(), "server_name" + words + ";");
    }
    if (edit) fix_.edits.push_back(*edit);
    whole_ = whole_ && edit.has_value();
  }

  const Deployment& host_;
  const WrongBlock& wrong_;
  const Config& config_;
  Site site_;
  Fix fix_{};
  bool whole_{true};  ///< every edit could be written
};

const std::string kEnabled = "/sites-enabled/";

bool in_folder(const std::string& file, const std::string& folder) {
  const auto at = file.rfind(folder);
  return at != std::string::npos && file.find('/', at + folder.size()) == std::string::npos;
}

/// A free name in sites-available for a file of sites-enabled: there nginx reads it no more. ""
/// where none was seen to be free.
std::string beside_enabled(const Deployment& host, const std::string& file) {
  if (!in_folder(file, kEnabled)) return {};
  const std::string folder = file.substr(0, file.rfind(kEnabled)) + "/sites-available/";
  const std::string name = file.substr(file.rfind('/') + 1);
  for (const std::string& free : {folder + name, folder + name + ".off"}) {
    const auto walk = host.walk(free);
    const bool absent = walk.seen() && walk->last().type == PathStep::Type::absent;
    if (absent && walk->last().path == free) return free;
  }
  return {};
}

}  // namespace

LeaveOut leave_out(const Deployment& host, const std::string& file) {
  const auto walk = host.walk(file);
  if (!walk.seen()) return {};
  const auto step = std::find_if(walk->steps.begin(), walk->steps.end(),
                                 [&](const PathStep& one) { return one.path == file; });
  if (step == walk->steps.end()) return {};
  if (step->type == PathStep::Type::link)
    return {"rm " + shell_quote(file), "it is a link, and " + walk->last().path + " stays"};
  const std::string kept = beside_enabled(host, file);
  if (!kept.empty())
    return {"mv -n " + shell_quote(file) + " " + shell_quote(kept),
            "it is no link, so keep it as " + kept};
  if (in_folder(file, kEnabled) || !file.ends_with(".conf")) return {};
  return {"mv " + shell_quote(file) + " " + shell_quote(file + ".off"), {}};
}

std::vector<Fix> ways_to_meant(const Deployment& host, const WrongBlock& wrong,
                               const std::vector<std::string>& hosts) {
  std::vector<Fix> ways;
  const auto offer = [&](const Plan& plan) {
    if (auto fix = plan.tried(hosts)) ways.push_back(std::move(*fix));
  };
  const nginx::Instance& instance = *wrong.route->instance;
  const std::string& file = wrong.route->server->from.source;
  const bool unwanted =
      is_default_site(instance, *wrong.route->server) || wrong.why == WrongBlock::Why::same_name;
  const LeaveOut way = unwanted ? leave_out(host, file) : LeaveOut{};
  if (!way.command.empty()) {
    Plan plan(host, wrong);
    plan.leave_out_file(file, way);
    offer(plan);
  }
  Plan plan(host, wrong);
  if (wrong.why == WrongBlock::Why::listen_address) plan.listen_alike();
  if (wrong.why == WrongBlock::Why::same_name) plan.give_up_names();
  plan.add_names(hosts);
  offer(plan);
  return ways;
}

}  // namespace hopcheck
