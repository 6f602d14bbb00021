// What hopcheck says of nginx configurations: a path a line on standard input; for each the first
// problem as nginx prints it ("message in file:line"), or an empty line, on standard output.
#include <iostream>
#include <string>

#include "facts/nginx/parse.h"
#include "host/live.h"
#include "host/text.h"

using namespace hopcheck;

int main() {
  std::string path;
  while (std::getline(std::cin, path)) {
    Deadline deadline(60'000);
    const auto host = make_live_host(deadline);
    const auto config = nginx::parse(path, path.substr(0, path.rfind('/')), nginx::reader_of(*host));
    std::string verdict;
    if (!config.problems.empty()) {
      const auto& first = config.problems.front();
      verdict = first.message;
      if (!first.file.empty()) verdict += " in " + first.file + ":" + std::to_string(first.line);
    }
    for (const char c : verdict) {
      if (c == '\n' || c == '\\') std::cout << '\\';
      std::cout << (c == '\n' ? 'n' : c);
    }
    std::cout << std::endl;
  }
  return 0;
}
