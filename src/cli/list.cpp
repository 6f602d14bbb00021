// hopcheck list: every check with its hop and its codes.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/values.h"
#include "diagnosis/pages.h"
#include "report/layout.h"

namespace hopcheck::cli {
namespace {

std::string list_json() {
  using Json = nlohmann::ordered_json;
  Json checks = Json::array();
  for (const auto& page : all_pages()) {
    Json codes = Json::array();
    for (const auto& code : page.codes) {
      codes.push_back({{"code", code.code},
                       {"hop", code.hop},
                       {"severity", severity_name(code.severity)},
                       {"explains", code.explains}});
    }
    const std::string hop = page.codes.empty() ? "" : page.codes.front().hop;
    checks.push_back(
        {{"id", page.id}, {"hop", hop}, {"title", page.title}, {"codes", std::move(codes)}});
  }
  const Json list = {{"schema", "hopcheck.list/1"}, {"checks", std::move(checks)}};
  return list.dump(2, ' ', true) + "\n";
}

std::string list_text(bool unicode) {
  std::string text;
  for (const auto& page : all_pages()) {
    const std::string hop = page.codes.empty() ? "" : page.codes.front().hop;
    text += paragraph(padded(page.id, 24) + padded(hop, 10), fit_for_terminal(page.title, unicode),
                      std::string(34, ' '), 80);
    for (const auto& code : page.codes)
      text += fmt::format("    {:<8}  {}\n", severity_name(code.severity), code.code);
  }
  return text;
}

}  // namespace

int list_command(const Options& options) {
  const std::string format = parse_word("--format", options.format, {"text", "json"});
  print(format == "json" ? list_json() : list_text(text_options("never", 0).unicode));
  return 0;
}

}  // namespace hopcheck::cli
