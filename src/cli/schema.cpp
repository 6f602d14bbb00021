// hopcheck schema: the published JSON Schemas.
#include <string_view>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/values.h"
#include "support/usage_error.h"

namespace hopcheck::embedded {
extern const std::string_view report_schema;
extern const std::string_view trace_schema;
}

namespace hopcheck::cli {

int schema_command(const Options& options) {
  if (options.operand.empty()) throw UsageError("schema", "name a schema: report or trace");
  const std::string name = parse_word("schema", options.operand, {"report", "trace"});
  print(std::string(name == "trace" ? embedded::trace_schema : embedded::report_schema));
  return 0;
}

}  // namespace hopcheck::cli
