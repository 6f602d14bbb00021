// The nginx instances of this host: those that run, else the one that is installed.
#include <algorithm>

#include "facts/nginx/instances.h"
#include "facts/nginx/parse.h"
#include "facts/nginx/site.h"
#include "host/given_nginx.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr const char* kUsualProgram = "/usr/sbin/nginx";
constexpr const char* kUsualConf = "/etc/nginx/nginx.conf";

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
}

/// Where -c and -p are not given, the binary itself knows.
void fill_built_in(Host& host, nginx::Instance& instance) {
  if (!instance.conf_path.empty() && !instance.prefix.empty() && instance.conf_path[0] == '/')
    return;
  if (instance.conf_path.empty() && instance.program.empty()) {
    instance.conf_path = kUsualConf;
    return;
  }
  const auto built = build_options(host, instance);
  const std::string prefix = instance.prefix.empty() ? built.prefix : instance.prefix;
  if (instance.conf_path.empty())
    instance.conf_path = built.conf_path.empty() ? kUsualConf : built.conf_path;
  if (instance.conf_path[0] != '/' && !prefix.empty()) {
    instance.conf_path = prefix + (prefix.back() == '/' ? "" : "/") + instance.conf_path;
  }
}

/// Where relative roots begin, other than includes: at -p, else where the binary was told to when
/// it was built. "" where neither is known.
std::string document_prefix(Host& host, const nginx::Instance& instance) {
  std::string prefix =
      instance.prefix.empty() ? build_options(host, instance).prefix : instance.prefix;
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  return prefix.starts_with('/') ? prefix : "";
}

void read_config(Host& host, const std::optional<GivenNginx>& given, bool prefix_known,
                 nginx::Instance& instance) {
  const auto reader =
      given && given->dump ? nginx::reader_of_dump(host, *given) : nginx::reader_of(host);
  auto config = std::make_shared<nginx::Config>(
      nginx::parse(instance.conf_path, folder_of(instance.conf_path), reader));
  config->prefix = prefix_known ? document_prefix(host, instance) : "";
  instance.site = nginx::understand(*config);
  instance.config = std::move(config);
}

/// Workers that do not run yet: whose rights they will have.
void fill_worker(Deployment::State& state, nginx::Instance& instance) {
  if (instance.worker.seen()) return;
  // Workers may run whose groups were not seen; of files alone, the written user is all there is.
  if (!instance.running.seen() && instance.running.unseen().why != Unseen::Why::out_of_scope) {
    instance.worker = instance.running.unseen();
    return;
  }
  const std::string user = instance.site.seen() ? instance.site->user : "";
  const auto& accounts = state.accounts.get([&] { return read_accounts(state.host); });
  if (!accounts.seen()) {
    instance.worker = accounts.unseen();
    return;
  }
  // Without a `user` directive nginx takes the user it was built for; Debian's is www-data.
  instance.worker =
      user.empty()
          ? Fact<Credentials>(Unseen{Unseen::Why::undecidable, "the user of nginx's workers", {}})
          : credentials_of(*accounts, user);
}

bool is_there(Host& host, const std::string& path) {
  const Answer answer = host.ask(ask::read(path));
  return answer.status != Answer::Status::absent &&
         !(answer.status == Answer::Status::unseen && answer.why.why == Unseen::Why::not_captured);
}

std::vector<nginx::Instance> installed(Host& host, const Fact<bool>& running) {
  nginx::Instance instance;
  instance.conf_path = kUsualConf;
  instance.running = running;
  instance.worker = Unseen{Unseen::Why::undecidable, "nginx's workers: none runs", {}};
  const Answer unit = host.ask(ask::read("/lib/systemd/system/nginx.service"));
  if (unit.status == Answer::Status::present) instance.unit = "nginx.service";
  const Answer program = host.ask(ask::walk(kUsualProgram));
  if (program.text.find(std::string(kUsualProgram) + " file") != std::string::npos)
    instance.program = kUsualProgram;
  // A removed package leaves its configuration behind.
  const bool gone = program.text.find(" absent") != std::string::npos;
  if (gone && instance.unit.empty()) return {};
  if (!is_there(host, kUsualConf)) return {};
  return {instance};
}

/// The given configuration stands for that of the instance which was started with its main file,
/// else of the first. True: it is that instance's own.
bool take_given(const GivenNginx& given, const Fact<bool>& running,
                std::vector<nginx::Instance>& instances) {
  const auto same = std::find_if(
      instances.begin(), instances.end(),
      [&](const nginx::Instance& instance) { return instance.conf_path == given.main; });
  nginx::Instance one;
  const bool own = same != instances.end();
  if (own) {
    one = *same;
  } else if (!instances.empty()) {
    one = instances.front();
  } else {
    one.running = running;
    one.worker = Unseen{Unseen::Why::undecidable, "nginx's workers: none runs", {}};
  }
  one.conf_path = given.main;
  instances = {std::move(one)};
  return own;
}

}  // namespace

nginx::BuildOptions build_options(Host& host, const nginx::Instance& instance) {
  const std::string program = instance.program.empty() ? "nginx" : instance.program;
  const auto result =
      decoded<CommandResult>(host.ask(ask::run({program, "-V"})), "nginx -V", decode_command);
  return nginx::parse_build_options(result.seen() ? result->err : "");
}

std::optional<GivenNginx> given_nginx(Host& host) {
  const Answer answer = host.ask(ask::nginx());
  if (answer.status != Answer::Status::present) return std::nullopt;
  try {
    return decode_given_nginx(answer.text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

Fact<std::vector<nginx::Instance>> find_nginx(const Deployment& deployment,
                                              Deployment::State& state) {
  const auto& table = deployment.processes();
  std::vector<nginx::Instance> instances;
  if (const auto* seen = table.if_seen()) instances = nginx::running_instances(*seen);
  Fact<bool> running = false;
  if (!table.seen()) running = table.unseen();
  if (table.seen() && !table->complete()) running = table->missing().front();
  if (instances.empty()) instances = installed(state.host, running);
  for (auto& instance : instances) fill_built_in(state.host, instance);
  const auto given = given_nginx(state.host);
  const bool own = !given || take_given(*given, running, instances);
  // A dump may be that of another nginx, built otherwise.
  const bool prefix_known = own || !given->dump;
  for (auto& instance : instances) {
    read_config(state.host, given, prefix_known, instance);
    fill_worker(state, instance);
    // A package brings the unit's file also where nobody would read it.
    const auto systemd = deployment.systemd();
    if (systemd.seen() && !*systemd) instance.unit.clear();
  }
  return instances;
}

}  // namespace hopcheck
