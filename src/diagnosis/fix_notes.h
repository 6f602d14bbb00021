// What a person who reads the fixes of a report wants to know besides: where an edit goes, and that
// two fixes change the same line.
#pragma once

#include <vector>

#include "hopcheck/deployment.h"
#include "report/report.h"

namespace hopcheck {

/// Fills `fix_notes` of all causes, which stand in the report's order.
void add_fix_notes(const Deployment& host, std::vector<ReportedFinding>& causes);

}  // namespace hopcheck
