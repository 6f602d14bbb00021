// Reports to render in tests: a broken host, a healthy one, and one that means harm.
#pragma once

#include "report/report.h"

namespace hopcheck::sample {

Report healthy();
Report broken();
/// Run without root: things were not seen.
Report degraded();
/// Every text that comes from outside is `text`.
Report hostile(const std::string& text);

}  // namespace hopcheck::sample
