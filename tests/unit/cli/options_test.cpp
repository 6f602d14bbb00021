// The command line: what it takes, what it answers to a mistake, and that help and manual agree.
#include "cli/options.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "report/layout.h"
#include "support/usage_error.h"
#include "test.h"

namespace hopcheck::cli {
namespace {

Options parse(const std::vector<std::string>& arguments) {
  std::string help;
  return parse_options(arguments, help);
}

std::string help_of(const std::vector<std::string>& arguments) {
  std::string help;
  parse_options(arguments, help);
  return help;
}

std::string refusal(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

/// What ends before anything is asked of a host.
std::string refused_run(const std::vector<std::string>& arguments) {
  try {
    main_of(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

std::vector<std::string> long_options(const std::string& help) {
  std::vector<std::string> names;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("  -", 0) != 0) continue;
    const auto begin = line.find("--");
    if (begin != std::string::npos && begin < 8)
      names.push_back(line.substr(begin, line.find_first_of(" \n", begin) - begin));
  }
  return names;
}

}  // namespace

TEST_CASE("run is the command where none is named") {
  CHECK(parse({}).command == "run");
  CHECK(parse({"run"}).command == "run");
  CHECK(parse({"capture"}).command == "capture");
  CHECK(parse({"--lb-port", "81"}).lb_port == "81");
  CHECK(parse({"run", "--lb-port=81"}).lb_port == "81");
  CHECK(parse({"--lb-port", "81", "run"}).lb_port == "81");
}

TEST_CASE("options take what follows them") {
  const Options options = parse({"--lb-source", "10.0.0.0/8", "--lb-source", "::1", "-o", "a.json",
                                 "--output", "b.hop", "-v", "--check", "lb.*"});
  CHECK(options.lb_sources == std::vector<std::string>{"10.0.0.0/8", "::1"});
  CHECK(options.outputs == std::vector<std::string>{"a.json", "b.hop"});
  CHECK(options.checks == std::vector<std::string>{"lb.*"});
  CHECK(options.verbosity() == 1);
  CHECK(parse({"-q"}).verbosity() == -1);
  CHECK(parse({"--timeout", "1s", "--timeout", "2s"}).timeout == "2s");
  CHECK(parse({"--lb-host", ""}).lb_host == "");
  CHECK(parse({"--lb-host="}).lb_host == "");
  CHECK(parse({"explain", "lb.port-closed"}).operand == "lb.port-closed");
}

TEST_CASE("an unknown word is answered with the nearest") {
  CHECK(refusal({"--lb-prot", "80"}) == "--lb-prot: unknown option; did you mean --lb-port?");
  CHECK(refusal({"--lb-prot=80"}) == "--lb-prot: unknown option; did you mean --lb-port?");
  CHECK(refusal({"capture", "--rot", "/x"}) == "--rot: unknown option; did you mean --root?");
  CHECK(refusal({"explian", "x"}) == "explian: unknown command; did you mean explain?");
  CHECK(refusal({"explain", "a", "b"}) == "b: one word too many for explain");
  CHECK(refusal({"-x"}).rfind("-x: unknown option", 0) == 0);
  CHECK(refusal({"--config"}) == "--config: a value is missing");
  CHECK(refusal({"--from", "x.hop", "capture"}) == "--from: is no option of capture");
  CHECK(refusal({"-v=3"}) != "accepted");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--lb-prot"}, {"--config"}, {"explian"}, {"run", "run"}, {""}, {"--"}, {"-"}}) {
    CHECK(refusal(words).find('\n') == std::string::npos);
  }
}

TEST_CASE("a wrong value is answered before the host is asked") {
  CHECK(refused_run({"--format", "yaml"}) == "--format: expected one of text, json, not 'yaml'");
  CHECK(refused_run({"--fail-on", "bad"}) ==
        "--fail-on: expected one of error, warning, info, never, not 'bad'");
  CHECK(refused_run({"--timeout", "soon"}).rfind("--timeout: expected a duration", 0) == 0);
  CHECK(refused_run({"--since", "soon"}).rfind("--since: expected a duration", 0) == 0);
  CHECK(refused_run({"--lb-port", "99999"}) ==
        "--lb-port: expected a port from 1 to 65535, not '99999'");
  CHECK(refused_run({"--color", "maybe"}).rfind("--color: ", 0) == 0);
  CHECK(refused_run({"--probe", "all"}) == "--probe: expected one of none, lb, full, not 'all'");
  CHECK(refused_run({"-o", "/tmp/report.docx"}) ==
        "--output: '/tmp/report.docx' ends in neither .json (the report) nor .hop (the recording)");
  CHECK(refused_run({"-o", "/nonexistent/r.json"}) ==
        "/nonexistent/r.json: No such file or directory");
  CHECK(refused_run({"--from", "a.hop", "--root", "/"}) == "--root: does not go with --from");
  CHECK(refused_run({"--from", "/nonexistent/x.hop"}) ==
        "/nonexistent/x.hop: No such file or directory");
  CHECK(refused_run({"--from", "/usr"}) == "/usr: is no regular file");
  CHECK(refused_run({"schema", "raport"}) == "schema: expected one of report, trace, not 'raport'");
  CHECK(refused_run({"explain"}).rfind("explain: name a finding's code", 0) == 0);
  CHECK(refused_run({"explain", "lb.no-such"})
            .rfind("explain: no finding has the code 'lb.no-such'", 0) == 0);
  CHECK(refused_run({"--check", "no.such"}).rfind("--check: no check is called 'no.such'", 0) == 0);
  CHECK(refused_run({"--ignore", "no.such@x"})
            .rfind("--ignore: no finding has the code 'no.such'", 0) == 0);
}

TEST_CASE(
    "help holds to 80 columns and names every option of the manual, and the other way round") {
  std::ifstream file(std::string(HOPCHECK_SOURCE_DIR) + "/man/hopcheck.1");
  std::ostringstream text;
  text << file.rdbuf();
  std::string manual = text.str();
  for (std::size_t at = 0; (at = manual.find("\\-", at)) != std::string::npos;) manual.erase(at, 1);
  for (const char* command : {"run", "trace", "capture", "explain", "list", "schema"}) {
    const std::string help = help_of({command});
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) CHECK(columns(line) <= 80);
    for (const auto& name : long_options(help)) {
      INFO(name);
      CHECK(manual.find("Fl " + name.substr(1)) != std::string::npos);
    }
  }
  const std::string all = help_of({}) + help_of({"capture"}) + help_of({"trace"});
  CHECK(long_options(all).size() > 25);
  for (std::size_t at = 0; (at = manual.find(".It Fl -", at)) != std::string::npos; ++at) {
    const auto begin = at + std::string(".It Fl -").size();
    const std::string name =
        "--" + manual.substr(begin, manual.find_first_of(" \n", begin) - begin);
    INFO(name);
    CHECK(all.find(name) != std::string::npos);
  }
}

TEST_CASE("files are written whole, for the user alone, and never through a link") {
  char name[] = "/tmp/hopcheck-unit-XXXXXX";
  const std::string folder = mkdtemp(name);
  const std::string victim = folder + "/victim", path = folder + "/report.json";
  std::ofstream(victim) << "untouched";
  REQUIRE(symlink(victim.c_str(), path.c_str()) == 0);
  write_file(path, "{}\n");
  std::ostringstream left, written;
  left << std::ifstream(victim).rdbuf();
  written << std::ifstream(path).rdbuf();
  CHECK(left.str() == "untouched");
  CHECK(written.str() == "{}\n");
  struct stat info {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  CHECK(S_ISREG(info.st_mode));
  CHECK((info.st_mode & 07777U) == 0600U);
  CHECK_THROWS_AS(write_file(folder + "/none/report.json", ""), UsageError);
  CHECK_THROWS_AS(write_file(folder, ""), UsageError);
  CHECK(std::system(("test $(ls -A " + folder + " | wc -l) = 2 && rm -r " + folder).c_str()) == 0);
}

}  // namespace hopcheck::cli
