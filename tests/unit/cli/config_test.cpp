// The configuration file: what it gives, and the line that answers each mistake.
#include "cli/config.h"

#include <cstdlib>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/profiles.h"
#include "cli/settings.h"
#include "cli/trusted_file.h"
#include "support/usage_error.h"
#include "test.h"

namespace hopcheck::cli {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_config("hopcheck.toml", text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

// The contract's own example.
const std::string kWhole = R"([lb]
profile = "aws-alb"              # aws-alb aws-nlb
sources = ["10.99.0.0/24"]
idle_timeout = "60s"
proxies = 1

[lb.health_check]
protocol = "http"
port = 80
path = "/health"
host = "shop.example.com"
timeout = "5s"
interval = 30
healthy_threshold = 5
unhealthy_threshold = 2
codes = "200"

[site]
url = "https://shop.example.com/"

[app]
server = "gunicorn"
unit = "shop.service"
directory = "/srv/shop"

[[ignore]]
code = "nginx.default-site-enabled"
about = "server:_"
reason = "catch-all on purpose"
until = 2027-01-01

[preflight]
nginx = ["deploy/nginx/*.conf"]
gunicorn = "deploy/gunicorn.conf.py"
units = ["deploy/*.service", "deploy/*.socket"]
lb = ["deploy/lb/*.json"]
)";

struct Folder {
  Folder() {
    char name[] = "/tmp/hopcheck-unit-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::system(("rm -r " + path).c_str()); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
    return path + "/" + name;
  }
  std::string path{};
};

}  // namespace

TEST_CASE("every key of the contract is taken, with its line") {
  const Config config = parse_config("/etc/hopcheck.toml", kWhole);
  REQUIRE(config.targets.size() == 1);
  const LbSettings& lb = config.targets[0].lb;
  CHECK(lb.profile.value == "aws-alb");
  CHECK(lb.profile.from == From::config);
  CHECK(lb.profile.source == "/etc/hopcheck.toml:2");
  CHECK(lb.sources.value == std::vector<std::string>{"10.99.0.0/24"});
  CHECK(lb.idle_timeout_ms.value == 60000);
  CHECK(lb.proxies.value == 1);
  CHECK(lb.port.value == 80);
  CHECK(lb.path.source == "/etc/hopcheck.toml:10");
  CHECK(lb.host.value == std::optional<std::string>("shop.example.com"));
  CHECK(lb.timeout_ms.value == 5000);
  CHECK(lb.interval_ms.value == 30000);
  CHECK(lb.codes.value.text == "200");
  CHECK(config.targets[0].site.url.value == "https://shop.example.com/");
  CHECK(config.targets[0].app.unit.source == "/etc/hopcheck.toml:23");
  REQUIRE(config.ignores.size() == 1);
  CHECK(config.ignores[0].until == "2027-01-01");
  CHECK(config.ignores[0].about == "server:_");
  CHECK(config.ignores[0].source == "/etc/hopcheck.toml:26");
}

TEST_CASE("an empty host is no header, one left out is the address") {
  CHECK(parse_config("f", "[lb.health_check]\nhost = ''\n").targets[0].lb.host.value ==
        std::optional<std::string>(""));
  CHECK(!parse_config("f", "").targets[0].lb.host.value);
}

TEST_CASE("several targets") {
  const auto config = parse_config(
      "f", "[[target]]\nname = 'a'\n[target.lb.health_check]\nport = 81\n[[target]]\nname = 'b'\n");
  REQUIRE(config.targets.size() == 2);
  CHECK(config.targets[0].name == "a");
  CHECK(config.targets[0].lb.port.value == 81);
  CHECK(config.targets[1].lb.port.from == From::default_);
  CHECK(refusal("[[target]]\n") == "hopcheck.toml:1:1: target.name is missing, such as \"shop\"");
  CHECK(refusal("[[target]]\nname='a'\n[[target]]\nname='a'\n") ==
        "hopcheck.toml:4:6: target.name: another target has the name 'a'");
  CHECK(refusal("[lb]\n[[target]]\nname='a'\n") ==
        "hopcheck.toml:1:1: lb: stands beside [[target]]; put it under one of them");
}

TEST_CASE("each mistake is answered with its place and what was expected") {
  CHECK(refusal("\n[lb]\n[lb.helth_check]\n") ==
        "hopcheck.toml:3:5: unknown key lb.helth_check; did you mean health_check?");
  CHECK(refusal("[lb]\nsorces = []\n") ==
        "hopcheck.toml:2:1: unknown key lb.sorces; did you mean sources?");
  CHECK(refusal("[lb]\npath = '/'\n") ==
        "hopcheck.toml:2:1: unknown key lb.path; did you mean lb.health_check.path?");
  CHECK(refusal("port = 80\n") ==
        "hopcheck.toml:1:1: unknown key port; did you mean lb.health_check.port?");
  CHECK(refusal("[lb.health_check]\ntimeout = true\n") ==
        "hopcheck.toml:2:11: lb.health_check.timeout: expected a string such as \"5s\"");
  CHECK(refusal("[lb.health_check]\ntimeout = '5 parsecs'\n") ==
        "hopcheck.toml:2:11: lb.health_check.timeout: expected a duration such as 500ms, 5s, 2m or "
        "1h, not '5 parsecs'");
  CHECK(refusal("[lb.health_check]\ntimeout = -1\n")
            .rfind("hopcheck.toml:2:11: lb.health_check.timeout: expected a duration", 0) == 0);
  CHECK(refusal("[lb.health_check]\nport = '80'\n") ==
        "hopcheck.toml:2:8: lb.health_check.port: expected a number such as 2");
  CHECK(refusal("[lb.health_check]\nport = 70000\n") ==
        "hopcheck.toml:2:8: lb.health_check.port: expected a number from 1 to 65535, not 70000");
  CHECK(refusal("[lb]\nprofile = 'aws-abl'\n").find("did you mean aws-alb?") != std::string::npos);
  CHECK(refusal("[lb]\nsources = ['10.0.0.0/40']\n")
            .rfind("hopcheck.toml:2:11: lb.sources: expected a prefix length", 0) == 0);
  CHECK(refusal("[lb]\nsources = '10.0.0.0/8'\n") ==
        "hopcheck.toml:2:11: lb.sources: expected a list such as [\"10.0.0.0/8\"]");
  CHECK(refusal("[lb.health_check]\ncodes = 200\n").find("expected a string such as \"200\"") !=
        std::string::npos);
  CHECK(refusal("[lb.health_check]\nprotocol = 'ftp'\n")
            .find("expected one of http, https, tcp, not 'ftp'") != std::string::npos);
  CHECK(refusal("lb = 1\n") == "hopcheck.toml:1:6: lb: expected a table, [lb]");
  CHECK(refusal("[[lb]]\n") != "accepted");
  CHECK(refusal("ignore = 1\n").find("[[ignore]]") != std::string::npos);
  CHECK(refusal("[[ignore]]\ncode = 'lb.path-404'\n").find("ignore.reason is missing") !=
        std::string::npos);
  CHECK(refusal("[[ignore]]\ncode='a'\nreason='b'\nuntil='2027-01-01'\n").find("without quotes") !=
        std::string::npos);
  CHECK(refusal("[app]\ndirectory='srv'\n").find("absolute path") != std::string::npos);
  CHECK(refusal("[preflight]\nunits='x'\n").find("expected a list") != std::string::npos);
  CHECK(refusal("[lb\n").rfind("hopcheck.toml:1:4: ", 0) == 0);
  CHECK(refusal("a = 'x\n").rfind("hopcheck.toml:1:", 0) == 0);
}

TEST_CASE("a file that is no text is refused and no more") {
  for (const std::string& text : {std::string("\0\1\2", 3), std::string("\xff\xfe"),
                                  std::string(100000, '['), "a=" + std::string(100000, '['),
                                  std::string(100000, 'a') + "=1", std::string("[lb]\n[lb]\n")}) {
    CHECK(refusal(text) != "accepted");
  }
}

TEST_CASE("every profile is whole") {
  for (const auto& name : profile_names()) {
    const LbSettings lb = profile_settings(name);
    CHECK(lb.profile.value == name);
    CHECK(lb.path.source == "profile " + name);
    CHECK(lb.port.assumed());
    CHECK(lb.timeout_ms.value > 0);
    CHECK(!lb.codes.value.ranges.empty());
  }
  const LbSettings generic = profile_settings("generic");
  CHECK(generic.path.value == "/");
  CHECK(generic.port.value == 80);
  CHECK(generic.timeout_ms.value == 5000);
  CHECK(generic.interval_ms.value == 30000);
  CHECK(generic.codes.value.text == "200-399");
  CHECK(profile_settings("haproxy").host.value == std::optional<std::string>(""));
}

TEST_CASE("flags are stronger than the file, the file than the profile") {
  Options options;
  options.lb_path = "/flag";
  options.lb_sources = {"10.0.0.1", "fd00::/8"};
  const auto config =
      parse_config("f", "[lb]\nprofile = 'gcp'\n[lb.health_check]\npath = '/file'\nport = 81\n");
  const auto targets = targets_of(config, options);
  REQUIRE(targets.size() == 1);
  const LbSettings& lb = targets[0].lb;
  CHECK(lb.path.value == "/flag");
  CHECK(lb.path.from == From::flag);
  CHECK(lb.path.source == "--lb-path");
  CHECK(lb.port.value == 81);
  CHECK(lb.port.source == "f:5");
  CHECK(lb.interval_ms.value == 5000);
  CHECK(lb.interval_ms.source == "profile gcp");
  CHECK(lb.user_agent == "GoogleHC/1.0");
  CHECK(lb.sources.value == std::vector<std::string>{"10.0.0.1/32", "fd00::/8"});
}

TEST_CASE("without a file the profile is generic, and that is a default") {
  const auto targets = targets_of(parse_config("f", ""), Options{});
  CHECK(targets[0].lb.profile.value == "generic");
  CHECK(targets[0].lb.profile.from == From::default_);
}

TEST_CASE("https means port 443 where no port is told") {
  const auto lb =
      targets_of(parse_config("f", "[lb.health_check]\nprotocol='https'\n"), Options{})[0].lb;
  CHECK(lb.port.value == 443);
  CHECK(lb.port.assumed());
}

TEST_CASE("one of several targets must be named where a flag speaks of it") {
  const auto config = parse_config("f", "[[target]]\nname='shop'\n[[target]]\nname='blog'\n");
  Options options;
  CHECK(targets_of(config, options).size() == 2);
  options.lb_port = "81";
  CHECK_THROWS_AS(targets_of(config, options), UsageError);
  options.target = "blog";
  REQUIRE(targets_of(config, options).size() == 1);
  CHECK(targets_of(config, options)[0].name == "blog");
  options.target = "blgo";
  CHECK_THROWS_WITH(targets_of(config, options),
                    "--target: no target is called 'blgo'; did you mean blog?");
}

TEST_CASE("a file that cannot be used is refused with its name") {
  const Folder folder;
  CHECK_THROWS_WITH(load_config(folder.path + "/none.toml"),
                    folder.path + "/none.toml: No such file or directory");
  CHECK_THROWS_WITH(load_config(folder.path), folder.path + ": is no regular file");
  REQUIRE(mkfifo((folder.path + "/pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(load_config(folder.path + "/pipe"), folder.path + "/pipe: is no regular file");
  const std::string large = folder.write("large.toml", std::string((1U << 20U) + 1, '#'));
  CHECK_THROWS_WITH(load_config(large), large + ": is larger than 1 MiB");
  CHECK(load_config(folder.write("good.toml", kWhole)).targets.size() == 1);
}

TEST_CASE("as root, a file that others could have written is refused") {
  if (geteuid() != 0) return;
  const Folder folder;
  const std::string file = folder.write("hopcheck.toml", "");
  CHECK(load_config(file).file == file);
  chmod(file.c_str(), 0666);
  CHECK_THROWS_WITH(load_config(file), file +
                                           ": refused as root, because others could have written "
                                           "it: it has mode 0666; 'chmod go-w' mends that");
  chmod(file.c_str(), 0644);
  REQUIRE(chown(file.c_str(), 65534, 65534) == 0);
  CHECK_THROWS_WITH(load_config(file), file +
                                           ": refused as root, because others could have written "
                                           "it: it belongs to user 65534; 'chown root' mends that");
  REQUIRE(chown(file.c_str(), 0, 0) == 0);
  chmod(folder.path.c_str(), 0777);
  CHECK_THROWS_WITH(load_config(file),
                    file + ": refused as root, because others could have written it: " +
                        folder.path + " has mode 0777; 'chmod go-w' mends that");
  chmod(folder.path.c_str(), 0700);
  const std::string link = folder.path + "/link.toml";
  REQUIRE(symlink(file.c_str(), link.c_str()) == 0);
  CHECK(load_config(link).file == link);
  chmod(file.c_str(), 0666);
  CHECK_THROWS_AS(load_config(link), UsageError);
}

}  // namespace hopcheck::cli
