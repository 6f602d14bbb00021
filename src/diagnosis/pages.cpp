// Reads the checks' pages. A page that does not keep to its form is our own fault: it throws.
#include "diagnosis/pages.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace hopcheck {
namespace {

constexpr std::array<std::string_view, 9> kAreas = {
    "lb", "firewall", "nginx", "socket", "gunicorn", "uwsgi", "app", "systemd", "host"};

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

[[noreturn]] void wrong(std::string_view id, const std::string& what) {
  throw std::logic_error("page of " + std::string(id) + ": " + what);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

/// gunicorn, uwsgi, systemd and app findings belong to the hop `app`.
std::string hop_of(std::string_view id, std::string_view code) {
  const std::string area(code.substr(0, code.find('.')));
  if (std::find(kAreas.begin(), kAreas.end(), area) == kAreas.end()) {
    wrong(id, "code " + std::string(code) + " is in no area");
  }
  return area == "gunicorn" || area == "uwsgi" || area == "systemd" ? "app" : area;
}

Severity severity_of(std::string_view id, std::string_view word) {
  if (word == "error") return Severity::error;
  if (word == "warning") return Severity::warning;
  if (word == "info") return Severity::info;
  wrong(id, "severity is error, warning or info, not '" + std::string(word) + "'");
}

/// "error; explains lb.probe-failed, nginx.bad-gateway"
void read_head(std::string_view id, std::string_view line, CodePage& page) {
  const auto semicolon = line.find(';');
  page.severity = severity_of(id, trim(line.substr(0, semicolon)));
  if (semicolon == std::string_view::npos) return;
  std::string_view rest = trim(line.substr(semicolon + 1));
  constexpr std::string_view kWord = "explains ";
  if (rest.substr(0, kWord.size()) != kWord) wrong(id, "expected 'explains' after the severity");
  rest.remove_prefix(kWord.size());
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    page.explains.emplace_back(trim(rest.substr(0, comma)));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
}

std::string* section(std::string_view id, CodePage& page, std::string_view heading) {
  if (heading == "What it means") return &page.meaning;
  if (heading == "How it is found") return &page.found;
  if (heading == "How to fix it") return &page.fix;
  if (heading == "Why the fix works") return &page.why;
  wrong(id, "unknown heading '" + std::string(heading) + "'");
}

void require_whole(std::string_view id, const CodePage& page) {
  if (page.meaning.empty() || page.found.empty() || page.fix.empty() || page.why.empty()) {
    wrong(id, page.code + " lacks one of its four sections");
  }
}

/// The lines of one code's part, from its H2 on.
CodePage read_code(std::string_view id, const std::vector<std::string_view>& lines,
                   std::size_t& i) {
  CodePage page;
  page.code = std::string(trim(lines[i++].substr(3)));
  page.hop = hop_of(id, page.code);
  while (i < lines.size() && trim(lines[i]).empty()) ++i;
  if (i == lines.size()) wrong(id, page.code + " has no severity");
  read_head(id, lines[i++], page);
  std::string* into = nullptr;
  for (; i < lines.size() && lines[i].substr(0, 3) != "## "; ++i) {
    if (lines[i].substr(0, 4) == "### ") {
      into = section(id, page, trim(lines[i].substr(4)));
      continue;
    }
    if (into == nullptr) {
      if (!trim(lines[i]).empty()) wrong(id, page.code + " has text outside its sections");
      continue;
    }
    *into += lines[i];
    *into += '\n';
  }
  for (std::string* text : {&page.meaning, &page.found, &page.fix, &page.why}) {
    *text = std::string(trim(*text));
  }
  require_whole(id, page);
  return page;
}

}  // namespace

CheckPage parse_page(std::string_view id, std::string_view markdown) {
  CheckPage page;
  page.id = std::string(id);
  page.text = std::string(markdown);
  const auto lines = lines_of(markdown);
  if (lines.empty() || lines[0].substr(0, 2) != "# ") wrong(id, "the first line is no title");
  page.title = std::string(trim(lines[0].substr(2)));
  std::size_t i = 1;
  while (i < lines.size() && lines[i].substr(0, 3) != "## ") {
    if (!trim(lines[i]).empty()) wrong(id, "text before the first code");
    ++i;
  }
  while (i < lines.size()) page.codes.push_back(read_code(id, lines, i));
  if (page.codes.empty()) wrong(id, "declares no code");
  return page;
}

const std::vector<CheckPage>& all_pages() {
  static const std::vector<CheckPage> pages = [] {
    std::vector<CheckPage> all;
    for (const auto& check : registered_checks()) all.push_back(parse_page(check.id, check.page));
    return all;
  }();
  return pages;
}

const CodePage* find_code(std::string_view code) {
  for (const auto& page : all_pages()) {
    for (const auto& entry : page.codes) {
      if (entry.code == code) return &entry;
    }
  }
  return nullptr;
}

}  // namespace hopcheck
