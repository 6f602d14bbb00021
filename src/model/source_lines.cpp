// Finds the application's module by its server's working directory.
#include "hopcheck/source_lines.h"

#include <algorithm>
#include <charconv>

#include "model/state.h"

namespace hopcheck {
namespace {

constexpr std::size_t kMostModules = 30;
constexpr std::size_t kMostLines = 5;

/// "/srv/shop/shop" of "shop:app" in /srv/shop; "" where the folder is not known.
std::string module_path(const Deployment& host, const AppServer& app) {
  const auto& processes = host.processes();
  const std::string module = app.app.substr(0, app.app.find(':'));
  if (!processes.seen() || module.empty() || module.find('/') != std::string::npos) return {};
  for (const auto& process : processes->seen_items()) {
    if (process.pid != app.pid || !process.cwd.seen()) continue;
    std::string path = *process.cwd + "/" + module;
    std::replace(path.begin() + static_cast<std::ptrdiff_t>(process.cwd->size()), path.end(), '.',
                 '/');
    return path;
  }
  return {};
}

/// "12 app.config = ...": the number and the line.
void search(Host& host, const std::string& file, const std::string& word,
            std::vector<Evidence>& found) {
  const Answer answer = host.ask(ask::reduce(file, "lines-with-1", word));
  if (answer.status != Answer::Status::present) return;
  for (std::size_t begin = 0; begin < answer.text.size() && found.size() < kMostLines;) {
    const auto end = std::min(answer.text.find('\n', begin), answer.text.size());
    const std::string line = answer.text.substr(begin, end - begin);
    begin = end + 1;
    int number = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    const auto text = static_cast<std::size_t>(rest - line.data()) + 1;
    if (error != std::errc{} || text >= line.size()) continue;
    found.push_back({EvidenceKind::file, file, number, line.substr(text), false});
  }
}

}  // namespace

std::vector<Evidence> source_lines(const Deployment& host, const AppServer& app,
                                   const std::string& word) {
  std::vector<Evidence> found;
  const std::string module = module_path(host, app);
  if (module.empty()) return found;
  Host& machine = host.state().host;
  // A package's modules lie in its folder, a module's neighbours beside it.
  const Answer package = machine.ask(ask::list(module));
  const std::string folder =
      package.status == Answer::Status::present ? module : module.substr(0, module.rfind('/'));
  std::size_t looked_at = 0;
  for (const auto& name : files_in(machine.ask(ask::list(folder)))) {
    if (!name.ends_with(".py") || ++looked_at > kMostModules) continue;
    search(machine, folder + "/" + name, word, found);
  }
  return found;
}

}  // namespace hopcheck
