// Lines of a source that hold a word.
#include "host/reduce_words.h"

#include <algorithm>
#include <cstring>

#include "test.h"

using namespace hopcheck;

namespace {

std::string reduced(const std::string& text, const std::string& word) {
  ByteSource source;
  source.size = text.size();
  source.read = [&text](std::uint64_t offset, char* buffer, std::size_t n) {
    const std::size_t got = std::min(n, text.size() - offset);
    std::memcpy(buffer, text.data() + offset, got);
    return got;
  };
  return reduce_lines_with(source, word);
}

}  // namespace

TEST_CASE("only lines with the whole word are kept, with their numbers") {
  CHECK(reduced("import os\n  TRUSTED_HOSTS = ['a']\nKEY = 'secret'\n", "TRUSTED_HOSTS") ==
        "2   TRUSTED_HOSTS = ['a']\n");
  CHECK(reduced("MY_TRUSTED_HOSTS = 1\nTRUSTED_HOSTS_2 = 1\n# TRUSTED_HOSTS\n", "TRUSTED_HOSTS") ==
        "");
  CHECK(reduced("XHOST HOST", "HOST") == "1 XHOST HOST\n");
  CHECK(reduced("a\n", "") == "");
  CHECK(reduced("", "a") == "");
}

TEST_CASE("a file full of the word is kept in part") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "word " + std::string(1000, 'x') + "\n";
  const std::string kept = reduced(text, "word");
  CHECK(std::count(kept.begin(), kept.end(), '\n') == 5);
  CHECK(kept.size() < 5 * 410);
}
