// How to let somebody through the firewall, in the words of what manages it.
#include <algorithm>

#include <fmt/format.h>

#include "model/firewall.h"

namespace hopcheck {
namespace {

using firewall::Fate;
using firewall::Insertion;

constexpr const char* nft_file = "/etc/nftables.conf";

std::string widened(const Caller& caller, int port) {
  if (caller.connection.loopback) return {};
  return fmt::format("{}, to port {} alone", fmt::join(caller.sources, ", "), port);
}

/// ufw's own chains, and the policy that its chains end in.
bool is_of_ufw(const Fate& fate) {
  const auto is_ufw = [](const firewall::Chain& chain) { return chain.name.rfind("ufw", 0) == 0; };
  const auto& chains = fate.by.table->chains;
  return is_ufw(*fate.by.chain) ||
         (fate.by.rule == nullptr && std::any_of(chains.begin(), chains.end(), is_ufw));
}

bool is_of_firewalld(const Fate& fate) {
  return fate.by.table->name == "firewalld";
}

/// ufw does not put a rule first that it has already, further down.
bool ufw_has(const Fate& fate, const std::string& source) {
  const std::string port = fmt::format(" --dport {} ", fate.port);
  return std::any_of(fate.by.chain->rules.begin(), fate.by.chain->rules.end(),
                     [&](const firewall::Rule& rule) {
                       return rule.text.find(" -s " + source + " ") != std::string::npos &&
                              rule.text.find(port) != std::string::npos &&
                              rule.text.find("-j ACCEPT") != std::string::npos;
                     });
}

Fix ufw_fix(const Caller& caller, const std::vector<Fate>& fates) {
  // A user's own deny comes first where it was typed first.
  const bool own = std::any_of(fates.begin(), fates.end(), [](const Fate& fate) {
    return fate.by.chain != nullptr &&
           (fate.by.chain->name == "ufw-user-input" || fate.by.chain->name == "ufw6-user-input");
  });
  Fix fix;
  fix.summary = "let the load balancer in with ufw";
  for (const auto& source : caller.sources) {
    const std::string rule =
        fmt::format("allow from {} to any port {} proto tcp", source, fates.front().port);
    if (own && ufw_has(fates.front(), source)) fix.commands.push_back("ufw delete " + rule);
    fix.commands.push_back(own ? "ufw prepend " + rule : "ufw " + rule);
  }
  return fix;
}

Fix firewalld_fix(const Caller& caller, const std::vector<Fate>& fates) {
  const Fate& fate = fates.front();
  // A zone's refusals come before what it allows; rules of a lower priority come before both.
  const bool denied =
      fate.by.chain->name.ends_with("_deny") || fate.by.chain->name.ends_with("_pre");
  Fix fix;
  fix.summary = fate.zone.empty() ? "let the load balancer in with firewalld"
                                  : "let the load balancer into firewalld's zone " + fate.zone;
  const std::string zone = fate.zone.empty() ? "" : " --zone=" + shell_quote(fate.zone);
  for (const auto& source : caller.sources) {
    const std::string rule = fmt::format(
        R"(rule {}family="{}" source address="{}" port port="{}" protocol="tcp" accept)",
        denied ? "priority=\"-100\" " : "", firewall::is_v4(fate.address) ? "ipv4" : "ipv6", source,
        fate.port);
    fix.commands.push_back("firewall-cmd --permanent" + zone +
                           " --add-rich-rule=" + shell_quote(rule));
  }
  fix.commands.emplace_back("firewall-cmd --reload");
  fix.interrupts = Interrupts::reload;
  return fix;
}

std::string command_of(const Insertion& insertion) {
  if (insertion.tool != "nft") {
    if (insertion.number == 0)
      return fmt::format("{} -t {} -A {} {}", insertion.tool, insertion.table, insertion.chain,
                         insertion.text);
    return fmt::format("{} -t {} -I {} {} {}", insertion.tool, insertion.table, insertion.chain,
                       insertion.number, insertion.text);
  }
  const bool braces = insertion.text.find('{') != std::string::npos;
  const std::string rule = braces ? shell_quote(insertion.text) : insertion.text;
  const std::string chain = fmt::format("{} {} {}", insertion.family, shell_quote(insertion.table),
                                        shell_quote(insertion.chain));
  return insertion.handle == 0
             ? fmt::format("nft add rule {} {}", chain, rule)
             : fmt::format("nft insert rule {} handle {} {}", chain, insertion.handle, rule);
}

std::string saved_file(const Insertion& insertion) {
  if (insertion.tool == "nft") return nft_file;
  return insertion.family == "ip6" ? "/etc/iptables/rules.v6" : "/etc/iptables/rules.v4";
}

/// The same rule in the file that the next boot loads; false where it has no place for it.
bool add_edit(Host& host, const Insertion& insertion, Fix& fix) {
  const std::string file = saved_file(insertion);
  const Answer answer = host.ask(ask::read(file));
  if (answer.status != Answer::Status::present || answer.truncated_at != 0) return false;
  const auto place = insertion.tool == "nft"
                         ? firewall::place_in_nft_file(answer.text, insertion)
                         : firewall::place_in_iptables_file(answer.text, insertion);
  if (place.line == 0) return false;
  // Lines above it have moved where an edit before this one added one.
  const auto earlier = std::count_if(fix.edits.begin(), fix.edits.end(), [&](const Edit& edit) {
    return edit.file == file && edit.remove.empty() && edit.line <= place.line;
  });
  fix.edits.push_back(
      {file, place.line + static_cast<int>(earlier), place.old_line, place.new_line});
  return true;
}

Fix rule_fix(const Deployment& host, const Caller& caller,
             const std::vector<Insertion>& insertions) {
  Fix fix;
  fix.summary = caller.connection.loopback ? "let this host talk to itself"
                                           : "let the load balancer in before that rule";
  if (insertions.front().number == 0 && !caller.connection.loopback)
    fix.summary = "let the load balancer in at the end of the chain";
  if (insertions.front().text.find("established") != std::string::npos)
    fix.summary = "let the answers to connections that were let in out again";
  bool saved = true;
  for (const auto& insertion : insertions) {
    saved = add_edit(host.state().host, insertion, fix) && saved;
  }
  if (!saved) fix.edits.clear();
  if (!fix.edits.empty() && fix.edits.front().file == nft_file)
    fix.commands.push_back(std::string("nft -c -f ") + nft_file);
  for (const auto& insertion : insertions) fix.commands.push_back(command_of(insertion));
  fix.lasts = saved ? Lasts::permanent : Lasts::until_reboot;
  if (!saved)
    fix.summary +=
        "; no file that is loaded at boot was found to hold this rule, so tell what sets it up, "
        "too";
  return fix;
}

Fix unknown_sources_fix() {
  Fix fix;
  fix.summary =
      "let the load balancer's addresses in; told them, hopcheck prints the command: "
      "--lb-source CIDR";
  return fix;
}

}  // namespace

std::vector<Fix> firewall_fixes(const Deployment& host, const firewall::Ruleset& rules,
                                const Caller& caller, const std::vector<Fate>& fates) {
  if (caller.sources.empty()) return {unknown_sources_fix()};
  std::vector<Fate> stopped;
  std::copy_if(fates.begin(), fates.end(), std::back_inserter(stopped), [](const Fate& fate) {
    return fate.kind == Fate::Kind::drop || fate.kind == Fate::Kind::reject;
  });
  const bool first =
      std::none_of(stopped.begin(), stopped.end(), [](const Fate& fate) { return fate.later; });
  Fix fix;
  const bool outside = first && !caller.connection.loopback;
  if (outside && std::all_of(stopped.begin(), stopped.end(), is_of_ufw)) {
    fix = ufw_fix(caller, stopped);
  } else if (outside && std::all_of(stopped.begin(), stopped.end(), is_of_firewalld)) {
    fix = firewalld_fix(caller, stopped);
  } else {
    const auto found = firewall::insertions(
        rules, caller.connection,
        caller.connection.loopback ? std::vector<std::string>{} : caller.sources);
    if (found.empty()) return {};
    fix = rule_fix(host, caller, found);
  }
  if (first) fix.widens = widened(caller, stopped.front().port);
  return {std::move(fix)};
}

}  // namespace hopcheck
