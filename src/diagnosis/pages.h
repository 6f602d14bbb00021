// The checks' pages, embedded at build time: what each code means, its severity, its edges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/check.h"

namespace hopcheck {

/// A code's section of a page.
struct CodePage {
  std::string code{};
  std::string hop{};  ///< lb firewall nginx socket app host
  Severity severity{Severity::error};
  std::vector<std::string> explains{};
  std::string meaning{};  ///< "What it means"
  std::string found{};    ///< "How it is found"
  std::string fix{};      ///< "How to fix it"
  std::string why{};      ///< "Why the fix works"
};

/// A page: one check.
struct CheckPage {
  std::string id{};     ///< "socket.access"
  std::string title{};  ///< an assertion: "nginx can open the application's socket"
  std::string text{};   ///< the Markdown
  std::vector<CodePage> codes{};
};

/// What the build generates from checks/*/*: one entry a check, sorted by id.
struct RegisteredCheck {
  std::string_view id;
  CheckFn run;
  std::string_view page;  ///< Markdown
};
std::vector<RegisteredCheck> registered_checks();

/// Parses one page; throws std::logic_error naming the id and what is missing.
CheckPage parse_page(std::string_view id, std::string_view markdown);
/// All pages, parsed once.
const std::vector<CheckPage>& all_pages();
/// Null where no page declares the code.
const CodePage* find_code(std::string_view code);

}  // namespace hopcheck
