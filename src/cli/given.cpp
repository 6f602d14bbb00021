// Facts that the command line gives.
#include "cli/given.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "cli/trusted_file.h"
#include "facts/nginx/dump.h"
#include "host/given_nginx.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kLargestDump = 256U << 20U;

std::unique_ptr<Host> with_main_file(const Options& options, std::unique_ptr<Host> host) {
  const std::string& file = *options.nginx_conf;
  if (options.from) throw UsageError("--nginx-conf", "does not go with --from; --nginx-dump does");
  if (file.empty()) throw UsageError("--nginx-conf", "names no file");
  // With --root a path lies inside of it, as all others do.
  const auto base = options.root ? std::filesystem::path("/") : std::filesystem::current_path();
  GivenNginx given;
  given.main = (base / file).lexically_normal().string();
  const Answer text = host->ask(ask::read(given.main));
  if (text.status == Answer::Status::absent) throw UsageError(file, "No such file or directory");
  if (text.status == Answer::Status::unseen) throw UsageError(file, text.why.what);
  return with_nginx(std::move(host), std::move(given), {});
}

std::unique_ptr<Host> with_dump(const Options& options, std::unique_ptr<Host> host) {
  const std::string& file = *options.nginx_dump;
  const std::string name = file == "-" ? "standard input" : file;
  const std::string text = file == "-" ? read_input(kLargestDump) : read_file(file, kLargestDump);
  GivenNginx given;
  std::vector<std::string> texts;
  try {
    nginx::Dump dump = nginx::read_dump(text);
    given.dump = true;
    given.cut = dump.cut;
    given.main = dump.files.front().path;
    for (auto& one : dump.files) {
      given.files.push_back(std::move(one.path));
      texts.push_back(std::move(one.text));
    }
  } catch (const std::invalid_argument& error) {
    throw UsageError(name, error.what());
  }
  return with_nginx(std::move(host), std::move(given), std::move(texts));
}

}  // namespace

void require_one_reader(const Options& options) {
  const auto readers = std::count(options.clouds.begin(), options.clouds.end(), "-") +
                       (options.nginx_dump == "-" ? 1 : 0);
  if (readers > 1) throw UsageError("-", "standard input can be read once");
}

std::unique_ptr<Host> with_given_nginx(const Options& options, std::unique_ptr<Host> host) {
  if (options.nginx_conf && options.nginx_dump)
    throw UsageError("--nginx-dump", "does not go with --nginx-conf");
  if (options.nginx_conf) return with_main_file(options, std::move(host));
  if (options.nginx_dump) return with_dump(options, std::move(host));
  return host;
}

}  // namespace hopcheck::cli
