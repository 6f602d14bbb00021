// No two server blocks of one address have the same name.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/server_blocks.h"

using namespace hopcheck;

namespace {

/// A name that two blocks have on one address: nginx keeps the first.
struct Repeated {
  std::string name{};
  std::string where{};
  const nginx::ServerBlock* kept{nullptr};
  const nginx::ServerBlock* ignored{nullptr};
};

bool same_action(const nginx::Action& a, const nginx::Action& b) {
  return a.kind == b.kind && a.target == b.target && a.status == b.status;
}

/// What answers is the same whichever block it is: a copy of a file.
bool say_the_same(const nginx::Config& config, const nginx::ServerBlock& a,
                  const nginx::ServerBlock& b) {
  return same_action(own_action(config, a), own_action(config, b)) &&
         std::equal(a.locations->begin(), a.locations->end(), b.locations->begin(),
                    b.locations->end(),
                    [](const nginx::Location& one, const nginx::Location& other) {
                      return one.pattern == other.pattern && one.match == other.match &&
                             same_action(one.action, other.action);
                    });
}

std::vector<Repeated> repeated(const nginx::Site& site) {
  std::map<std::pair<std::string, std::string>, const nginx::ServerBlock*> first;
  std::set<std::pair<const nginx::ServerBlock*, const nginx::ServerBlock*>> known;
  std::vector<Repeated> all;
  for (const auto& server : site.servers) {
    if (!has_real_name(server)) continue;
    for (const auto& listen : server.listens) {
      if (!listen.path.empty()) continue;
      const std::string where = address_text(listen.address, listen.port);
      for (const auto& name : server.names) {
        const auto [kept, fresh] = first.try_emplace({where, name}, &server);
        if (fresh || kept->second == &server || name.find('.') == std::string::npos) continue;
        if (known.emplace(kept->second, &server).second)
          all.push_back({name, where, kept->second, &server});
      }
    }
  }
  return all;
}

std::string place(const nginx::ServerBlock& server) {
  return fmt::format("{}:{}", server.from.source, server.from.line);
}

/// "blog" of "/etc/nginx/sites-enabled/blog.conf".
std::string stem_of(const std::string& file) {
  const std::string name = file.substr(file.rfind('/') + 1);
  return name.substr(0, name.find('.'));
}

/// The file is called after the site: "shop" and shop.example.com.
bool called_after(const std::string& file, const std::string& name) {
  return stem_of(file) == name.substr(0, name.find('.'));
}

/// The name was pasted into the block of another site, which comes first: that one gets the name
/// that its file has.
std::optional<Fix> name_of_its_own(const Deployment& host, const nginx::Instance& instance,
                                   const Repeated& twice) {
  const std::string& file = twice.kept->from.source;
  if (called_after(file, twice.name) || !called_after(twice.ignored->from.source, twice.name))
    return std::nullopt;
  const auto line = instance.config->at(twice.kept->directive).child("server_name");
  const std::string own = stem_of(file) + twice.name.substr(twice.name.find('.'));
  const bool plain =
      own.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (!line || !plain) return std::nullopt;
  const auto edit = replaced_in_line(host, line->evidence(), twice.name, own);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("give {} the name of its own site: {}, if that is it", file, own);
  fix.edits = {*edit};
  fix.commands = {instance.load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Fix take_out(const Deployment& host, const nginx::Instance& instance, const Repeated& twice) {
  Fix fix;
  fix.summary = fmt::format("take {} out, if {} is the one that is meant",
                            twice.ignored->from.source, twice.kept->from.source);
  const auto& servers = instance.site->servers;
  const bool alone = std::count_if(servers.begin(), servers.end(), [&](const auto& server) {
                       return server.from.source == twice.ignored->from.source;
                     }) == 1;
  const LeaveOut way = alone ? leave_out(host, twice.ignored->from.source) : LeaveOut{};
  if (!way.keeps.empty()) fix.summary += "; " + way.keeps;
  if (!way.command.empty()) fix.commands.push_back(way.command);
  fix.commands.push_back(instance.load_command());
  fix.interrupts = Interrupts::reload;
  return fix;
}

Finding ignored(const Deployment& host, const nginx::Instance& instance, const Repeated& twice) {
  Finding finding;
  finding.code = "nginx.server-name-repeated";
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("nginx ignores the name {} of {} on {}: {} has it already",
                              twice.name, place(*twice.ignored), twice.where, place(*twice.kept));
  finding.about = {"server:" + twice.kept->label()};
  finding.evidence = {twice.kept->from, twice.ignored->from};
  const auto warnings = nginx_warnings(host, instance);
  for (const auto& warning : warnings.seen() ? *warnings : std::vector<std::string>{}) {
    if (!warning.starts_with("conflicting server name \"" + twice.name + "\"")) continue;
    finding.confidence = Confidence::certain;
    finding.evidence.push_back({EvidenceKind::command, instance.command("-t"), 0, warning, false});
    break;
  }
  finding.detail = fmt::format("{} is answered by {} now.", twice.name, place(*twice.kept));
  if (auto renamed = name_of_its_own(host, instance, twice))
    finding.fixes = {std::move(*renamed)};
  else
    finding.fixes = {take_out(host, instance, twice)};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(nginx_names) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    for (const Unseen& missing : instance.site->missing) out.not_seen(missing);
    for (const Repeated& twice : repeated(*instance.site)) {
      if (!say_the_same(*instance.config, *twice.kept, *twice.ignored))
        out.report(ignored(host, instance, twice));
    }
  });
}
