// Mistakes in nginx's configuration whose remedy follows from nginx's message and the lines around.
#include "hopcheck/nginx_refusal.h"

#include <algorithm>

#include <fmt/format.h>

#include "facts/nginx/grammar.h"
#include "facts/text/nearest.h"
#include "facts/text/words.h"
#include "hopcheck/lines.h"
#include "hopcheck/server_blocks.h"
#include "hopcheck/tls.h"

namespace hopcheck {
namespace {

std::vector<std::string> known_directives() {
  std::vector<std::string> names;
  for (const auto& rule : nginx::rules()) {
    for (const auto& name : blank_separated(rule.names)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool is_directive(const std::string& word) {
  static const std::vector<std::string> names = known_directives();
  return std::binary_search(names.begin(), names.end(), word);
}

/// "proxy_pas" of `unknown directive "proxy_pas"`; "" where the message is another.
std::string quoted_after(const std::string& message, const std::string& words) {
  const auto at = message.find(words + " \"");
  if (at == std::string::npos) return {};
  const auto begin = at + words.size() + 2;
  const auto end = message.find('"', begin);
  return end == std::string::npos ? "" : message.substr(begin, end - begin);
}

Evidence place(const nginx::Problem& refused, int line) {
  return {EvidenceKind::file, refused.file, line, {}, false};
}

std::optional<Fix> spelt(const Deployment& host, const nginx::Problem& refused) {
  const std::string word = quoted_after(refused.message, "unknown directive");
  if (word.size() < 3) return std::nullopt;
  const auto names = known_directives();
  const std::string meant = nearest(word, names);
  // Two letters of a short word are another word.
  const std::size_t most = word.size() < 6 ? 1 : 2;
  const std::size_t distance = edit_distance(word, meant);
  const auto as_near = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    return edit_distance(word, name) <= distance;
  });
  if (distance > most || as_near > 1) return std::nullopt;
  const auto edit = replaced_in_line(host, place(refused, refused.line), word, meant);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("write {} instead of {}, then load it", meant, word);
  fix.edits = {*edit};
  return fix;
}

std::string first_word(const std::string& line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" \t;{", begin) - begin);
}

/// The directive before the refused line is not closed, and swallows what follows.
std::optional<Fix> closed(const Deployment& host, const nginx::Problem& refused) {
  const bool like_it = refused.message.find("invalid parameter") != std::string::npos ||
                       refused.message.find("invalid number of arguments") != std::string::npos ||
                       refused.message.find("unexpected \"}\"") != std::string::npos ||
                       refused.message.find("is not terminated by") != std::string::npos ||
                       refused.message.find("host not found in") != std::string::npos;
  const auto here = line_of(host, refused.file, refused.line);
  if (!like_it || !here.seen()) return std::nullopt;
  const std::string next = first_word(*here);
  if (next != "}" && !is_directive(next)) return std::nullopt;
  for (int number = refused.line - 1; number > 0; --number) {
    const auto before = line_of(host, refused.file, number);
    if (!before.seen()) return std::nullopt;
    const std::string line(trimmed(*before));
    if (line.empty() || line[0] == '#') continue;
    const bool closes = line.back() == ';' || line.back() == '{' || line.back() == '}';
    if (closes || line.find('#') != std::string::npos || !is_directive(first_word(line)))
      return std::nullopt;
    Fix fix;
    fix.summary = fmt::format("close line {} with a semicolon, then load it", number);
    const auto end = before->find_last_not_of(" \t\r") + 1;
    fix.edits = {{refused.file, number, *before, before->substr(0, end) + ";"}};
    return fix;
  }
  return std::nullopt;
}

std::optional<Fix> one_default(const Deployment& host, const nginx::Instance& instance,
                               const nginx::Problem& refused) {
  if (refused.message.find("a duplicate default server for") == std::string::npos)
    return std::nullopt;
  if (const auto* site = instance.site.if_seen()) {
    for (const auto& server : site->servers) {
      const LeaveOut way =
          is_default_site(instance, server) ? leave_out(host, server.from.source) : LeaveOut{};
      if (way.command.empty()) continue;
      Fix fix;
      fix.summary = fmt::format("take {} out, the page that came with nginx{}{}",
                                server.from.source, way.keeps.empty() ? "" : "; ", way.keeps);
      fix.commands = {way.command};
      return fix;
    }
  }
  const auto edit = replaced_in_line(host, place(refused, refused.line), " default_server", "");
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = "let the other server block be the default one, then load it";
  fix.edits = {*edit};
  return fix;
}

/// The certificate's file is not there: nginx serves nothing, not even port 80, until one is.
std::optional<Fix> certified(const Deployment& host, const nginx::Instance& instance,
                             const nginx::Problem& refused) {
  const std::string file = quoted_after(refused.message, "cannot load certificate");
  const auto* site = instance.site.if_seen();
  if (file.empty() || site == nullptr ||
      refused.message.find("No such file or directory") == std::string::npos)
    return std::nullopt;
  for (const auto& server : site->servers) {
    const auto names = names_for_certificate(server);
    for (const auto& files : certificate_files(instance, server)) {
      if (files.file != file || files.key_file.empty() || names.empty()) continue;
      if (auto fix = kept_by_certbot(host, files, names.front())) return fix;
      Fix fix;
      fix.commands = {self_signing_command(host, files, names)};
      const bool key_missing = fix.commands.front().find("-newkey") != std::string::npos;
      fix.summary = fmt::format(
          "start with a certificate made here{} (browsers warn of it; a load balancer mostly does "
          "not look), and put the one that was issued for {} to {} when it is found",
          key_missing
              ? fmt::format(" with a key of its own, for {} is not there either", files.key_file)
              : "",
          names.front(), file);
      return fix;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> names_for_certificate(const nginx::ServerBlock& server) {
  std::vector<std::string> names;
  for (const std::string& name : server.names) {
    const bool plain =
        name.find('.') != std::string::npos && name.front() != '.' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
    if (plain) names.push_back(name);
  }
  return names;
}

std::optional<Fix> kept_by_certbot(const Deployment& host, const CertificateFiles& files,
                                   const std::string& name) {
  const std::string folder = "/etc/letsencrypt/live/" + name + "/";
  const auto held = certificates_in(host, folder + "fullchain.pem");
  if (!held.seen() || held->empty() || !held->front().covers(name)) return std::nullopt;
  // It may be this very pair that nginx refuses.
  const auto hash = key_in(host, folder + "privkey.pem");
  if (hash.seen() && *hash != held->front().key) return std::nullopt;
  const auto line = replaced_in_line(host, files.line, files.file, folder + "fullchain.pem");
  const auto key = replaced_in_line(host, files.key_line, files.key_file, folder + "privkey.pem");
  if (!line || !key) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("use {}fullchain.pem, which is there and for {}", folder, name);
  fix.edits = {*line, *key};
  return fix;
}

std::optional<Fix> mended(const Deployment& host, const nginx::Instance& instance,
                          const nginx::Problem& refused) {
  if (auto fix = certified(host, instance, refused)) return fix;
  if (refused.file.empty()) return std::nullopt;
  if (auto fix = spelt(host, refused)) return fix;
  if (auto fix = closed(host, refused)) return fix;
  return one_default(host, instance, refused);
}

}  // namespace hopcheck
