// Where the run ends: what is in order here, and whom to ask next.
#pragma once

#include "hopcheck/deployment.h"
#include "report/report.h"

namespace hopcheck {

/// Fills observed, ruled_out and next of a report whose verdict and checks are there.
void add_next(const Deployment& host, Report& report);

}  // namespace hopcheck
