// Server blocks in files that nginx does not read.
#include <algorithm>

#include "facts/nginx/parse.h"
#include "facts/nginx/site.h"
#include "hopcheck/server_blocks.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr std::size_t kMostFiles = 100;

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_read(const nginx::Config& config, const std::string& path) {
  return std::find(config.files.begin(), config.files.end(), path) != config.files.end();
}

/// Whether an include of the main file would take up a file of that path.
bool would_be_read(Host& host, const nginx::Instance& instance, const std::string& path) {
  nginx::Reader reader = nginx::reader_of(host);
  reader.read = [read = reader.read, &instance](const std::string& file) {
    return file == instance.conf_path ? read(file) : Answer::present("");
  };
  reader.list = [list = reader.list, &path](const std::string& folder) {
    Answer listing = list(folder);
    if (folder != folder_of(path)) return listing;
    if (listing.status == Answer::Status::absent) return listing;
    listing.text += join_words({"file", name_of(path)}) + "\n";
    return listing;
  };
  return is_read(nginx::parse(instance.conf_path, folder_of(instance.conf_path), reader), path);
}

/// The first server_name in the file that fits; none where the file is no snippet for http {}.
std::optional<Evidence> named_in(Host& host, const std::string& file, const std::string& name) {
  nginx::Reader reader = nginx::reader_of(host);
  reader.read = [read = reader.read, &file](const std::string& path) {
    return path == file ? read(path) : Answer::present("");
  };
  const nginx::Config config = nginx::parse(file, folder_of(file), reader, "http");
  if (!config.missing.empty()) throw NotSeen(config.missing.front());
  const auto site = nginx::understand(config);
  if (!site.seen()) return std::nullopt;
  for (const auto& server : site->servers) {
    if (!nginx::fitting_name(server, name)) continue;
    const auto line = config.at(server.directive).child("server_name");
    return line ? line->evidence() : server.from;
  }
  return std::nullopt;
}

std::string with_conf(const std::string& path) {
  const auto ending = path.find(".conf", path.rfind('/'));
  return path.substr(0, ending) + ".conf";
}

std::string command_to_read(const Deployment& deployment, const nginx::Instance& instance,
                            const std::string& file) {
  Host& host = deployment.state().host;
  const std::string base = folder_of(instance.conf_path);
  const bool in_conf_d = folder_of(file) == base + "/conf.d";
  const std::string link = base + "/sites-enabled/" + name_of(file);
  for (const std::string& path : {link, with_conf(base + "/conf.d/" + name_of(file))}) {
    const bool rename = in_conf_d && folder_of(path) == folder_of(file);
    if (in_conf_d != rename || path == file || !would_be_read(host, instance, path)) continue;
    const auto there = deployment.walk(path);
    if (!there.seen() || !there->whole.seen() || there->exists()) continue;
    return (rename ? "mv " : "ln -s ") + shell_quote(file) + " " + shell_quote(path);
  }
  return {};
}

}  // namespace

Fact<std::optional<UnusedSite>> unused_site(const Deployment& deployment,
                                            const nginx::Instance& instance,
                                            const std::string& name) {
  if (!instance.site.seen()) return instance.site.unseen();
  const auto& servers = instance.site->servers;
  const bool is_served =
      std::any_of(servers.begin(), servers.end(),
                  [&](const nginx::ServerBlock& server) { return server_is_named(server, name); });
  if (is_served || name.empty()) return std::optional<UnusedSite>{};
  Host& host = deployment.state().host;
  const std::string base = folder_of(instance.conf_path);
  std::optional<Unseen> hidden;
  std::size_t looked_at = 0;
  for (const char* folder : {"/sites-available", "/sites-enabled", "/conf.d"}) {
    const Answer listing = host.ask(ask::list(base + folder));
    if (listing.status == Answer::Status::unseen) hidden = listing.why;
    for (const auto& entry : files_in(listing)) {
      const std::string file = base + folder + "/" + entry;
      if (is_read(*instance.config, file) || ++looked_at > kMostFiles) continue;
      try {
        const auto found = named_in(host, file, name);
        if (found)
          return std::optional(
              UnusedSite{file, *found, command_to_read(deployment, instance, file)});
      } catch (const NotSeen& not_seen) {
        hidden = not_seen.unseen();
      }
    }
  }
  if (hidden) return *hidden;
  return std::optional<UnusedSite>{};
}

}  // namespace hopcheck
