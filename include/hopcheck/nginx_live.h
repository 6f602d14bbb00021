// Whether the nginx that runs was told what its files say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// Something that runs otherwise than the files on disk say.
struct NotLoaded {
  enum class Sign {
    nobody_listens,  ///< a listen of the files that no socket serves
    still_listens,   ///< a socket of nginx's that no listen names
    other_answer     ///< what the files make of a request is not what came back
  };
  Sign sign{Sign::nobody_listens};
  const Route* route{nullptr};  ///< of requests that it concerns; null: none of those requested
  bool fails{false};            ///< that route's request gets no good answer now
  std::string node{};           ///< "listener:0.0.0.0:8080"; "" for an answer
  std::string written{};        ///< "listen 8080;", "return 200;"
  std::string live{};           ///< "nobody listens on port 8080", "404 in 1 ms"
  std::vector<Evidence> evidence{};
  std::string file{};  ///< the newest of the files that say otherwise
  long long changed{0};
  long long loaded{0};  ///< when the oldest of the workers was started; seconds since 1970
};

/// Signs that this running instance has another configuration in memory. That a file is newer than
/// the workers is no sign by itself: it may say the same as before. Unseen where files, sockets or
/// answers that would tell were not seen.
Fact<std::vector<NotLoaded>> not_loaded(const Deployment& host, const nginx::Instance& instance);

/// "2026-11-21 15:07:52", UTC.
std::string clock_text(long long seconds);

}  // namespace hopcheck
