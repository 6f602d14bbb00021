// What nginx itself says of a configuration.
#include "facts/nginx/instances.h"
#include "hopcheck/server_blocks.h"
#include "host/given_nginx.h"
#include "model/state.h"

namespace hopcheck {
namespace {

// nginx needs time and memory that grow with the square of the server names.
constexpr std::size_t kManyDirectives = 60000;

Fact<CommandResult> test(const Deployment& host, const nginx::Instance& instance) {
  const auto& who = identity_of(host.state());
  if (!who.seen()) return who.unseen();
  if (const auto given = given_nginx(host.state().host); given && given->dump)
    return Unseen{Unseen::Why::out_of_scope, "nginx -t (the configuration is a dump)", {}};
  if (host.files_only()) return Unseen{Unseen::Why::out_of_scope, "nginx -t (files only)", {}};
  if (!who->privileged) return Unseen{Unseen::Why::denied, "what nginx -t says", "root"};
  if (instance.program.empty())
    return Unseen{Unseen::Why::not_installed, "nginx's program was not found", {}};
  // nginx -t makes pid, log and temp files where they are missing: only where nginx or its unit
  // has made them already.
  if (instance.master == 0 && instance.unit.empty()) {
    return Unseen{
        Unseen::Why::switched_off, "nginx -t would create files where nginx has never run", {}};
  }
  if (instance.config != nullptr && instance.config->nodes.size() > kManyDirectives) {
    return Unseen{
        Unseen::Why::switched_off, "nginx -t would take too long on so large a configuration", {}};
  }
  std::vector<std::string> argv{instance.program, "-t", "-c", instance.conf_path};
  if (!instance.prefix.empty()) argv.insert(argv.end(), {"-p", instance.prefix});
  return decoded<CommandResult>(host.state().host.ask(ask::run(argv)), "nginx -t", decode_command);
}

}  // namespace

Fact<std::string> Deployment::nginx_test(const nginx::Instance& instance) const {
  const auto result = test(*this, instance);
  if (!result.seen()) return result.unseen();
  return nginx::test_verdict(result->err);
}

Fact<std::vector<std::string>> nginx_warnings(const Deployment& host,
                                              const nginx::Instance& instance) {
  const auto result = test(host, instance);
  if (!result.seen()) return result.unseen();
  return nginx::test_warnings(result->err);
}

}  // namespace hopcheck
