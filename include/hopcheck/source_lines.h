// Lines of the application's own source, searched as text: nothing of it is run.
#pragma once

#include <string>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The lines, outside of comments, in which a word stands, in the module that an app server was
/// told to load and the modules beside it, with their indentation. Empty also where the module was
/// not found.
std::vector<Evidence> source_lines(const Deployment& host, const AppServer& app,
                                   const std::string& word);

}  // namespace hopcheck
