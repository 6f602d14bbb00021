// What uWSGI was told.
#pragma once

#include "hopcheck/deployment.h"

namespace hopcheck {

/// Whether SIGTERM makes a running uWSGI start anew instead of ending it: its master does so unless
/// it is told die-on-term. Unseen where its options were not all read.
Fact<bool> reloads_on_term(const Deployment& host, const AppServer& app);

}  // namespace hopcheck
