// Any bytes as a configuration of several files: the tree is well formed, whatever they hold.
#include "facts/nginx/site.h"
#include "fuzz.h"

using namespace hopcheck;

namespace {

void require_tree(const nginx::Config& config) {
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    const nginx::Node& node = config.nodes[i];
    while (!open.empty() && config.nodes[open.back()].end <= i) open.pop_back();
    fuzz::require(node.end > i && node.end <= config.nodes.size(), "a node ends behind itself");
    fuzz::require(open.empty() || node.end <= config.nodes[open.back()].end,
                  "a node ends within the block around it");
    fuzz::require(node.first_word + std::size_t{node.arguments} < config.words.size(),
                  "a name and its arguments lie among the words");
    fuzz::require(node.at.file < config.files.size(), "a node stands in a file");
    fuzz::require(config.at(i).text().size() <= 200, "a citation is short");
    open.push_back(i);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const nginx::Config config = fuzz::parse({reinterpret_cast<const char*>(data), size});
  require_tree(config);
  try {
    nginx::understand(config);
  } catch (const NotSeen&) {
    // What cannot be told is said so.
  }
  return 0;
}
