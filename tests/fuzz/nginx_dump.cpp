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
    // A dump whose end is missing lacks the last line break, too; CRLF may have been taken out.
    if (again.size() > 0 && !text.ends_with('\n')) again.pop_back();
    if (text.find('\r') == std::string::npos)
      fuzz::require(text.ends_with(again), "no byte is lost or added");
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
