// Any bytes as the output of nginx -T: the files put together again are the dump.
#include <stdexcept>

#include "facts/nginx/dump.h"
#include "fuzz.h"

using namespace hopcheck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const nginx::Dump dump = nginx::read_dump(text);
    std::string again;
    for (const auto& file : dump.files)
      again += "# configuration file " + file.path + ":\n" + file.text + "\n";
    // A dump whose end is missing lacks the last line breaks, too; CRLF may have been taken out.
    const auto without_breaks = [](std::string_view all) {
      while (all.ends_with('\n')) all.remove_suffix(1);
      return all;
    };
    if (text.find('\r') == std::string::npos) {
      fuzz::require(without_breaks(text).ends_with(without_breaks(again)),
                    "no byte is lost or added");
    }
    GivenNginx given;
    given.dump = true;
    given.main = dump.files.front().path;
    for (const auto& file : dump.files) given.files.push_back(file.path);
    const GivenNginx decoded = decode_given_nginx(encode_given_nginx(given));
    fuzz::require(decoded.files == given.files && decoded.main == given.main,
                  "the list of files survives a recording");
  } catch (const std::invalid_argument&) {
    // No dump.
  }
  return 0;
}
