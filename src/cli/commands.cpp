// Which command it is.
#include "cli/commands.h"

#include "cli/output.h"
#include "support/usage_error.h"

namespace hopcheck::cli {

int main_of(const std::vector<std::string>& arguments) {
  std::string help;
  const Options options = parse_options(arguments, help);
  if (options.help) {
    print(help);
    return 0;
  }
  if (options.version) {
    print("hopcheck " HOPCHECK_VERSION "\n");
    return 0;
  }
  if (options.command == "capture") return capture_command(options);
  if (options.command == "explain") return explain_command(options);
  if (options.command == "list") return list_command(options);
  if (options.command == "schema") return schema_command(options);
  if (options.command == "trace") return trace_command(options);
  return run_command(options);
}

}  // namespace hopcheck::cli
