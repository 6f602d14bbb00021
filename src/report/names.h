// Enumerators as they stand in the JSON report, beside those that report.h already names.
#pragma once

#include "hopcheck/finding.h"

namespace hopcheck {

const char* kind_name(EvidenceKind kind);
const char* on_name(On on);
const char* interrupts_name(Interrupts interrupts);
const char* lasts_name(Lasts lasts);

}  // namespace hopcheck
