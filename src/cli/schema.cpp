// hopcheck schema: the published JSON Schemas.
#include <string_view>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/values.h"
#include "support/usage_error.h"

namespace hopcheck::embedded {
extern const std::string_view report_schema;
}

namespace hopcheck::cli {

int schema_command(const Options& options) {
  if (options.operand.empty()) throw UsageError("schema", "name a schema: report");
  parse_word("schema", options.operand, {"report"});
  print(std::string(embedded::report_schema));
  return 0;
}

}  // namespace hopcheck::cli
