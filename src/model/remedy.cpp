// What mends an exception, in words.
#include "hopcheck/remedy.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace hopcheck {
namespace {

/// The name that stands in quotes after `before`; "" where it is no plain name, since a log's text
/// is never made part of a command unseen.
std::string name_after(const std::string& text, std::string_view before) {
  const auto at = text.find(before);
  if (at == std::string::npos) return {};
  const auto begin = at + before.size();
  const std::string name = text.substr(begin, text.find_first_of("'.", begin) - begin);
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return plain ? name : "";
}

/// The one absolute path that stands as a literal in a line of source; "" else.
std::string literal_path(const std::string& code) {
  const auto begin = code.find("\"/") == std::string::npos ? code.find("'/") : code.find("\"/");
  if (begin == std::string::npos) return {};
  const auto end = code.find(code[begin], begin + 1);
  if (end == std::string::npos) return {};
  const std::string path = code.substr(begin + 1, end - begin - 1);
  return path.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "/._-") == std::string::npos
             ? path
             : "";
}

/// "Expecting value: line 1 column 14 (char 13)" of what stands behind the exception's name.
std::string after_colon(const std::string& exception) {
  const auto colon = exception.find(": ");
  return colon == std::string::npos ? exception : exception.substr(colon + 2);
}

/// How the Python beside `program` gets a package.
std::string installer(const std::string& module, const std::string& program) {
  const auto bin = program.rfind("/bin/");
  const std::string prefix = bin == std::string::npos ? "" : program.substr(0, bin);
  if (prefix.empty() || prefix == "/usr" || prefix == "/usr/local") {
    std::string package = module;
    std::replace(package.begin(), package.end(), '_', '-');
    std::transform(package.begin(), package.end(), package.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return fmt::format("apt-get install python3-{}, if Debian has it under that name", package);
  }
  return fmt::format("{}/bin/pip install {}, if that is its package's name", prefix, module);
}

}  // namespace

std::string missing_variable(const std::string& exception, const std::optional<OwnFrame>& frame) {
  if (!frame || frame->code.find("environ") == std::string::npos) return {};
  return exception.starts_with("KeyError: '") ? name_after(exception, "KeyError: '") : "";
}

std::string remedy_of(const std::string& exception, const std::optional<OwnFrame>& frame,
                      const std::string& program) {
  if (!frame) return {};
  const std::string place = fmt::format("{}:{}", frame->file, frame->line);
  const std::string module = name_after(exception, "No module named '");
  const std::string opened = literal_path(frame->code);
  if (exception.find("JSONDecodeError") != std::string::npos) {
    return fmt::format("mend the JSON that {} reads{}: {}", place,
                       opened.empty() ? "" : ", " + opened, after_colon(exception));
  }
  if (exception.find("unable to open database file") != std::string::npos && !opened.empty()) {
    return fmt::format("let the unit's user write in {}, which must be there ({} opens {})",
                       opened.substr(0, std::max<std::size_t>(opened.rfind('/'), 1)), place,
                       opened);
  }
  if (module.empty()) return "mend " + place;
  return fmt::format("install {} ({}), or take it out of {}", module, installer(module, program),
                     place);
}

}  // namespace hopcheck
