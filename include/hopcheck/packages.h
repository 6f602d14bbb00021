// Which release of a Python package an app server runs with.
#pragma once

#include <string>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The version of `package` ("gunicorn", "flask") beside the program that `server` was started
/// from: its virtual environment, or the system's. Unseen where the program or its folder is not
/// known, or where the package is not there.
Fact<std::string> installed_version(const Deployment& host, const AppServer& server,
                                    const std::string& package);

/// Orders "20.1.0" before "20.10" and "23.0.0rc1" by its numbers alone: below, at or above 0.
int compare_versions(const std::string& a, const std::string& b);

}  // namespace hopcheck
