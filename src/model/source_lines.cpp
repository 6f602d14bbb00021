// Finds the application's module by its server's working directory.
#include "hopcheck/source_lines.h"

#include <algorithm>

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

bool is_letter(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool has_word(const std::string& line, const std::string& word) {
  const auto at = line.find(word);
  const auto begin = line.find_first_not_of(" \t");
  if (at == std::string::npos || line[begin] == '#') return false;
  const bool alone = at == 0 || !is_letter(line[at - 1]);
  return alone && (at + word.size() == line.size() || !is_letter(line[at + word.size()]));
}

void search(Host& host, const std::string& file, const std::string& word,
            std::vector<Evidence>& found) {
  const Answer answer = host.ask(ask::read(file));
  if (answer.status != Answer::Status::present) return;
  int number = 0;
  for (std::size_t begin = 0; begin < answer.text.size() && found.size() < kMostLines;) {
    const auto end = std::min(answer.text.find('\n', begin), answer.text.size());
    const std::string line = answer.text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!has_word(line, word)) continue;
    found.push_back(
        {EvidenceKind::file, file, number, line.substr(line.find_first_not_of(" \t")), false});
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
