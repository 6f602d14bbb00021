// What the fuzz targets share: a way to fail, and a configuration out of one input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "facts/nginx/parse.h"
#include "host/given_nginx.h"

namespace hopcheck::fuzz {

/// Ends the program as a crash does, so that the input is kept.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// Reads an input as a configuration of several files: a line "== PATH" begins each further one.
inline nginx::Config parse(std::string_view input) {
  static constexpr std::string_view kNext = "\n== ";
  GivenNginx given;
  given.main = "/n/nginx.conf";
  given.files = {given.main};
  std::vector<std::string> texts{std::string(input.substr(0, input.find(kNext)))};
  for (std::size_t at = input.find(kNext); at != std::string_view::npos;) {
    const std::size_t name = at + kNext.size();
    const std::size_t line = std::min(input.find('\n', name), input.size());
    at = input.find(kNext, line);
    given.files.emplace_back(input.substr(name, line - name));
    texts.emplace_back(input.substr(std::min(line + 1, input.size()), at - line - 1));
  }
  const auto read = [&](const std::string& path) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (given.files[i] == path) return Answer::present(texts[i]);
    }
    return Answer::absent();
  };
  const auto list = [&](const std::string& dir) { return listing_of(given, dir); };
  return nginx::parse(given.main, "/n", {read, list});
}

}  // namespace hopcheck::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
