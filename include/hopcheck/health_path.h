// Another path for the load balancer's check, or another answer on its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// A path that was asked for as the load balancer asks, and answers with a status that it wants.
struct AnsweringPath {
  std::string path{};
  Exchange exchange{};
  Evidence from{};  ///< the route in the application's source, or nginx's location
};

/// The first such path: where a redirect leads, a health path of the application, one that nginx
/// answers itself. Asks for three at most.
std::optional<AnsweringPath> answering_path(const Deployment& host, const Route& route,
                                            const Exchange& seen);

/// A name of the site other than the one that the probe sends as Host: of its URL, else of the
/// server block that answers; "" where none is known.
std::string other_name(const Route& route);
/// The probe once more, with that name for Host.
Fact<Exchange> answer_to_name(const Deployment& host, const Route& route, const std::string& name);

/// The edit that gives the probe's path a location of its own inside the one that answers, with
/// these lines and the same proxy_pass; nothing where the configuration is of another shape.
std::optional<Edit> own_location(const Deployment& host, const Route& route,
                                 const std::vector<std::string>& lines);

/// The edit that lets the probe's path through a server block that redirects all else: past the
/// block's `if`, or passed on where another block of the same nginx passes it to. Nothing where none
/// or several do.
std::optional<Edit> past_redirect(const Deployment& host, const Route& route);

}  // namespace hopcheck
