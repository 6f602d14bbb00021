// The trace's request as a question to nginx's router.
#include "facts/nginx/address.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

/// What is at a path for nginx's workers.
nginx::FileView view_of(const Deployment& host, const nginx::Instance& instance) {
  using Seen = nginx::FileSeen;
  return [&host, &instance](const std::string& path) -> Fact<Seen> {
    const auto walk = host.walk(path);
    if (!walk.seen()) return walk.unseen();
    const Credentials* worker = instance.worker.if_seen();
    try {
      const PathStep* denied =
          worker == nullptr ? nullptr : denied_at(*worker, *walk, Access::read);
      if (denied != nullptr && denied != &walk->last()) return Seen{Seen::Kind::unreachable, false};
      if (!walk->exists()) return Seen{Seen::Kind::absent, false};
      const auto type = walk->last().type;
      const auto kind = type == PathStep::Type::directory ? Seen::Kind::directory
                        : type == PathStep::Type::file    ? Seen::Kind::file
                                                          : Seen::Kind::other;
      return Seen{kind, denied == nullptr};
    } catch (const NotSeen& not_seen) {
      return not_seen.unseen();
    }
  };
}

nginx::Asked asked_of(const Trail& trail, const std::string& client) {
  const Request& request = trail.request;
  nginx::Asked asked;
  asked.address = request.address;
  asked.port = request.port;
  asked.host = request.host;
  asked.path = request.path;
  asked.method = request.method;
  if (request.scheme == "https" && nginx::canonical_ip(trail.question.url.host).empty())
    asked.sni = trail.question.url.host;
  asked.version = "1.1";
  asked.tls = request.scheme == "https";
  asked.headers.emplace();
  for (const auto& [name, value] : request.headers) (*asked.headers)[lower(name)] = value;
  asked.client = client;
  asked.file = view_of(trail.host, *trail.instance);
  return asked;
}

std::optional<nginx::Chosen> choose(const Trail& trail, const nginx::Asked& asked) {
  const nginx::Instance& instance = *trail.instance;
  if (!instance.site.seen()) throw NotSeen(instance.site.unseen());
  return nginx::choose(*instance.config, *instance.site, asked);
}

}  // namespace

std::string client_of(const Trail& trail) {
  if (trail.own_source && trail.question.source.empty()) return trail.request.address;
  const auto& sources = trail.target.lb.sources.value;
  if (sources.size() != 1) return {};
  const std::string& one = sources.front();
  const auto slash = one.find('/');
  const bool single = slash == std::string::npos || one.ends_with("/32") || one.ends_with("/128");
  return single ? one.substr(0, slash) : "";
}

std::optional<nginx::Chosen> choose_for_source(const Trail& trail) {
  return choose(trail, asked_of(trail, client_of(trail)));
}

std::optional<nginx::Chosen> choose_for_us(const Trail& trail) {
  return choose(trail, asked_of(trail, trail.request.address));
}

std::optional<nginx::Chosen> choose_without_pages(const Trail& trail) {
  nginx::Asked asked = asked_of(trail, client_of(trail));
  asked.error_pages = false;
  return choose(trail, asked);
}

std::optional<nginx::Chosen> choose_after(const Trail& trail, int gateway_status) {
  nginx::Asked asked = asked_of(trail, trail.request.address);
  asked.answered = [gateway_status](const nginx::Action&) {
    return nginx::PassEnd{gateway_status, true};
  };
  return choose(trail, asked);
}

}  // namespace hopcheck
