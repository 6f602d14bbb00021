// A configuration that stands for nginx's own: what --nginx-conf and --nginx-dump name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/host.h"

namespace hopcheck {

struct GivenNginx {
  std::string main{};                ///< the main file
  bool dump{false};                  ///< the files are those of a dump, and no others
  bool cut{false};                   ///< the dump ends in the midst of its last file
  std::vector<std::string> files{};  ///< of a dump, in its order
};

/// The answer's text: "conf /srv/nginx.conf", or "dump /etc/nginx/nginx.conf", a line "file PATH"
/// for each file and "cut" where the end is missing.
std::string encode_given_nginx(const GivenNginx& given);
/// Throws std::invalid_argument.
GivenNginx decode_given_nginx(const std::string& text);

/// What a dump shows of a folder, as the answer to `list`; absent where it has nothing there.
Answer listing_of(const GivenNginx& given, const std::string& folder);

/// Answers what is asked about the given configuration, and passes the rest on to `host`. `texts`
/// are those of given.files. What lies in the folder of a dump's main file and is not in the dump
/// was not seen: the host's own files there are others.
std::unique_ptr<Host> with_nginx(std::unique_ptr<Host> host, GivenNginx given,
                                 std::vector<std::string> texts);

}  // namespace hopcheck
