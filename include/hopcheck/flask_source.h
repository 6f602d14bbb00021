// How the Flask application is put together, read from its source without running it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// What the module that a server loads, and those of its own that it imports, say of the
/// application.
struct FlaskSource {
  struct Route {
    std::string path{};  ///< with the prefix of its blueprint
    Evidence from{};
  };
  /// `app.run(...)`
  struct Run {
    std::string app{};
    std::string host{};  ///< "" where none is given, "?" where it is no literal
    int port{0};
    bool debug{false};  ///< a literal True
    Evidence from{};
  };
  std::string folder{};
  std::vector<Located<std::string>> apps{};  ///< of the module itself: "shop:app"
  std::vector<Route> routes{};               ///< that take GET, and have no variable parts
  std::vector<Run> runs{};
  bool whole{true};  ///< false: some of it could not be read
};

/// Of the module `module` in `folder`.
Fact<FlaskSource> flask_source(const Deployment& host, const std::string& folder,
                               const std::string& module);
/// Of a running server: the module that it loads, from where it runs.
Fact<FlaskSource> flask_source(const Deployment& host, const AppServer& server);

/// The route of the application behind `route` that answers `path`; nothing where its source does
/// not tell.
std::optional<Evidence> handler_line(const Deployment& host, const Route& route,
                                     const std::string& path);

/// The Flask applications that the modules of a folder make: "shop:app".
Fact<std::vector<Located<std::string>>> applications_in(const Deployment& host,
                                                        const std::string& folder);

/// What the application answers on another path than the probe's, through the whole way of it.
Fact<Exchange> answer_on(const Deployment& host, const Route& route, const std::string& path);

}  // namespace hopcheck
