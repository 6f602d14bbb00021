// The files that an include with a pattern names.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "facts/nginx/parse.h"

namespace hopcheck::nginx {

/// glob(3) as nginx calls it, over a reader's listings; each folder is listed once.
class Glob {
 public:
  explicit Glob(const Reader& reader) : reader_(reader) {}

  struct Found {
    std::vector<std::string> names{};                       ///< in nginx's order
    std::vector<std::string> directories{};                 ///< nginx fails to read these
    std::vector<std::pair<std::string, Unseen>> missing{};  ///< folders that were not seen whole
  };
  /// `pattern`: an absolute path.
  Found expand(std::string_view pattern);

 private:
  struct Entry {
    std::string name{};
    bool directory{false};
  };
  struct Listing {
    std::vector<Entry> entries{};
    std::vector<Unseen> missing{};
  };
  static Listing read_listing(const std::string& dir, const Answer& answer);
  const Listing& listing(const std::string& dir);
  void expand_one(const std::string& dir, std::string_view rest, Found& out, std::size_t depth);

  const Reader& reader_;
  std::unordered_map<std::string, Listing> listings_{};
  std::size_t listed_{0};
};

}  // namespace hopcheck::nginx
