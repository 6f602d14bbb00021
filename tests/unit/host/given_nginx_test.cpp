// A configuration that the command line gives, in front of a host with another one.
#include "host/given_nginx.h"

#include <stdexcept>

#include "test.h"

using namespace hopcheck;

namespace {

/// Says of every path that it is the host's own.
class Own : public Host {
 public:
  Answer ask(const Question& question) override {
    return Answer::present("own " + question.key() + "\n");
  }
};

GivenNginx dump() {
  GivenNginx given;
  given.dump = true;
  given.main = "/etc/nginx/nginx.conf";
  given.files = {given.main, "/etc/nginx/conf.d/a b.conf", "/srv/app.conf"};
  return given;
}

std::unique_ptr<Host> host_of(GivenNginx given) {
  std::vector<std::string> texts;
  for (const auto& file : given.files) texts.push_back("text of " + file);
  return with_nginx(std::make_unique<Own>(), std::move(given), std::move(texts));
}

}  // namespace

TEST_CASE("what was given survives a recording") {
  GivenNginx given = dump();
  given.cut = true;
  const GivenNginx again = decode_given_nginx(encode_given_nginx(given));
  CHECK(again.main == given.main);
  CHECK(again.files == given.files);
  CHECK(again.dump);
  CHECK(again.cut);
  CHECK(encode_given_nginx({"/srv/n.conf", false, false, {}}) == "conf /srv/n.conf\n");
  for (const char* bad : {"", "file /a\n", "conf\n", "conf /a\ndump /b\n", "conf /a b\n"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(decode_given_nginx(bad), std::invalid_argument);
  }
}

TEST_CASE("a dump stands for its files, and for the folder of its main file") {
  const auto host = host_of(dump());
  CHECK(host->ask(ask::nginx()).text.starts_with("dump /etc/nginx/nginx.conf\n"));
  CHECK(host->ask(ask::read("/etc/nginx/nginx.conf")).text == "text of /etc/nginx/nginx.conf");
  CHECK(host->ask(ask::read("/srv/app.conf")).text == "text of /srv/app.conf");
  CHECK(host->ask(ask::list("/etc/nginx")).text == "directory conf.d\nfile nginx.conf\n");
  CHECK(host->ask(ask::list("/etc/nginx/conf.d")).text == "file \"a b.conf\"\n");
  // The host's own files of that name are others.
  for (const auto& question : {ask::read("/etc/nginx/mime.types"), ask::list("/etc/nginx/sites"),
                               ask::changed("/srv/app.conf"), ask::walk("/etc/nginx")}) {
    CAPTURE(question.key());
    CHECK(host->ask(question).status == Answer::Status::unseen);
  }
  CHECK(host->ask(ask::read("/etc/passwd")).text == "own read /etc/passwd\n");
  CHECK(host->ask(ask::listeners()).text == "own listeners\n");
}

TEST_CASE("a dump that was cut says so of its last file") {
  GivenNginx given = dump();
  given.cut = true;
  const auto host = host_of(given);
  CHECK(host->ask(ask::read("/etc/nginx/nginx.conf")).truncated_at == 0);
  CHECK(host->ask(ask::read("/srv/app.conf")).truncated_at > 0);
}

TEST_CASE("another main file lies on the host itself") {
  const auto host = host_of({"/srv/n.conf", false, false, {}});
  CHECK(host->ask(ask::nginx()).text == "conf /srv/n.conf\n");
  CHECK(host->ask(ask::read("/srv/n.conf")).text == "own read /srv/n.conf\n");
}
