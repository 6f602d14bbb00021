// The small formats of answers, there and back.
#include "host/tables.h"

#include <stdexcept>

#include "random_text.h"
#include "test.h"

using namespace hopcheck;

TEST_CASE("processes") {
  const std::string text =
      "812 parent=1 name=gunicorn user=shop group=shop groups=adm,www-data bypasses-modes "
      "unit=shop.service state=S started=1763717400 exe=/usr/bin/python3.11 cwd=/srv/shop "
      "env.PORT=8000 -- /usr/bin/python3 \"/usr/bin/my gunicorn\" shop:app\n"
      "640 parent=1 name=nginx user=root group=root state=Z exe=? cwd=? env=? --\n";
  const auto processes = decode_processes(text);
  REQUIRE(processes.size() == 2);
  const Process& app = processes[0];
  CHECK(app.pid == 812);
  CHECK(app.name == "gunicorn");
  CHECK(app.credentials.groups == std::vector<std::string>{"adm", "www-data"});
  CHECK(app.credentials.bypasses_modes);
  CHECK(app.unit == "shop.service");
  CHECK(app.started == 1763717400);
  CHECK(*app.exe == "/usr/bin/python3.11");
  CHECK(app.environment->at("PORT") == "8000");
  CHECK(app.argv.at(1) == "/usr/bin/my gunicorn");
  const Process& master = processes[1];
  CHECK(master.state == 'Z');
  CHECK(master.exe.unseen().why == Unseen::Why::denied);
  CHECK(master.exe.unseen().needs == "root");
  CHECK_FALSE(master.environment.seen());
  CHECK(master.argv.empty());
  CHECK(encode_processes(processes) == text);
}

TEST_CASE("a process written by hand leaves out what does not matter") {
  const auto processes = decode_processes("7 name=nginx user=www-data -- nginx: worker\n");
  REQUIRE(processes.size() == 1);
  CHECK(processes[0].exe.unseen().why == Unseen::Why::not_captured);
  CHECK(processes[0].environment->empty());
  CHECK(encode_processes(processes) ==
        "7 parent=0 name=nginx user=www-data state=S -- nginx: worker\n");
}

TEST_CASE("processes with hostile names") {
  std::mt19937 random(6);
  for (int round = 0; round < 1000; ++round) {
    Process process;
    process.pid = 5;
    process.name = test::random_text(random, 5);
    process.exe = "/" + test::random_text(random, 5);
    process.cwd = "/" + test::random_text(random, 5);
    process.environment =
        std::map<std::string, std::string>{{"PORT", test::random_text(random, 5)}};
    process.argv = {test::random_text(random, 5), "--", test::random_text(random, 5)};
    const auto again = decode_processes(encode_processes({process, process}));
    REQUIRE(again.size() == 2);
    REQUIRE(again[1].name == process.name);
    REQUIRE(*again[1].exe == *process.exe);
    REQUIRE(*again[1].environment == *process.environment);
    REQUIRE(again[1].argv == process.argv);
  }
  CHECK_THROWS_AS(decode_processes("x name=y\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_processes("99999999999 name=y\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_processes("1 nmae=y\n"), std::invalid_argument);
}

TEST_CASE("listeners") {
  const std::string text =
      "tcp 0.0.0.0:80 queue=0/511 pids=810,811\n"
      "tcp [::]:80 only-v6 queue=3/511 pids=?\n"
      "tcp 127.0.0.1:8000 queue=0/2048 pids=812,?\n"
      "tcp 127.0.0.1:111 queue=0/64 pids=none\n"
      "unix \"/run/my shop/a.sock\" queue=0/2048 pids=812\n"
      "unix @abstract queue=0/0 pids=1\n";
  const auto listeners = decode_listeners(text);
  REQUIRE(listeners.size() == 6);
  CHECK(listeners[0].address == "0.0.0.0");
  CHECK(listeners[0].port == 80);
  CHECK(listeners[0].pids.all() == std::vector<int>{810, 811});
  CHECK(listeners[1].address == "::");
  CHECK(listeners[1].only_v6);
  CHECK(listeners[1].queued == 3);
  CHECK_FALSE(listeners[1].pids.complete());
  CHECK(listeners[2].pids.seen_items() == std::vector<int>{812});
  CHECK_FALSE(listeners[2].pids.complete());
  CHECK(listeners[3].pids.complete());
  CHECK(listeners[4].kind == Listener::Kind::unix_stream);
  CHECK(listeners[4].path == "/run/my shop/a.sock");
  CHECK(encode_listeners(listeners) == text);
  CHECK_THROWS_AS(decode_listeners("udp 0.0.0.0:53 queue=0/0 pids=1\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_listeners("tcp 0.0.0.0:x\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_listeners("tcp 0.0.0.0:1 queue=9\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_listeners("tcp\n"), std::invalid_argument);
}

TEST_CASE("walks") {
  const std::string text =
      "/ directory 0755 root:root\n"
      "/run directory 0755 root:root\n"
      "/run/shop link 0777 root:root -> \"/run/the shop\"\n"
      "\"/run/the shop\" directory 2750 shop:shop acl=user::rwx,user:www-data:--x,mask::r-x\n"
      "\"/run/the shop/x.sock\" absent\n";
  const Walk walk = decode_walk("/run/shop/x.sock", text);
  REQUIRE(walk.steps.size() == 5);
  CHECK(walk.whole.seen());
  CHECK(walk.steps[2].target == "/run/the shop");
  CHECK(walk.steps[3].mode == 02750);
  CHECK(walk.steps[3].acl.at(1) == "user:www-data:--x");
  CHECK(walk.last().type == PathStep::Type::absent);
  CHECK(encode_walk(walk) == text);
}

TEST_CASE("a walk that was cut says where and why") {
  const std::string text =
      "/ directory 0755 root:root\n"
      "/secret directory 0700 root:root\n"
      "/secret/x unseen denied needs=root \"Permission denied\"\n";
  const Walk walk = decode_walk("/secret/x", text);
  CHECK_FALSE(walk.whole.seen());
  CHECK(walk.whole.unseen() == Unseen{Unseen::Why::denied, "/secret/x: Permission denied", "root"});
  CHECK(encode_walk(walk) == text);
  const Walk short_walk =
      decode_walk("/x", "/ directory 0755 root:root\n  /x   unseen timed_out\n");
  CHECK(short_walk.whole.unseen() == Unseen{Unseen::Why::timed_out, "/x", ""});
  for (const char* bad : {"", "/\n", "/ directory\n", "/ directory 0999 a:b\n", "/ hole 0755 a:b\n",
                          "/ directory 0755 root\n", "/ file 0644 a:b x\n",
                          "/ directory 0755 a:b\n/x unseen denied\n/y absent\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(decode_walk("/x", bad), std::invalid_argument);
  }
}

TEST_CASE("exchanges") {
  Exchange exchange;
  exchange.outcome = Exchange::Outcome::answered;
  exchange.status = 502;
  exchange.connected = true;
  exchange.connect_ms = 0.1;
  exchange.total_ms = 3;
  exchange.headers = {{"Server", "nginx"}, {"X-Empty", ""}};
  exchange.body = "<html>\nbody\n\n";
  const std::string text = encode_exchange(exchange);
  CHECK(text ==
        "status 502 Bad Gateway\nconnected yes\nconnect 0.1 ms\ntotal 3.0 ms\n"
        "header Server: nginx\nheader X-Empty: \nbody\n| <html>\n| body\n| \n| \n");
  const Exchange again = decode_exchange(text);
  CHECK(again.answered());
  CHECK(again.status == 502);
  CHECK(again.headers == exchange.headers);
  CHECK(again.body == exchange.body);
  CHECK(again.total_ms == 3.0);
}

TEST_CASE("a sample is a line an exchange") {
  const std::string text = "200 2.1 ms\n503 3.0 ms\ntimed_out 8000.0 ms\n";
  const auto sample = decode_sample(text);
  REQUIRE(sample.size() == 3);
  CHECK(sample[1].status == 503);
  CHECK(sample[1].answered());
  CHECK(sample[2].outcome == Exchange::Outcome::timed_out);
  CHECK(sample[2].total_ms == 8000.0);
  CHECK(encode_sample(sample) == text);
  CHECK(decode_sample("").empty());
  for (const char* bad : {"200\n", "oddly 2.1 ms\n", "1000 2.1 ms\n", "answered 1.0 ms\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(decode_sample(bad), std::invalid_argument);
  }
}

TEST_CASE("exchanges that failed") {
  const Exchange refused = decode_exchange("failed refused Connection refused\nconnected no\n");
  CHECK(refused.outcome == Exchange::Outcome::refused);
  CHECK(refused.error == "Connection refused");
  // It answered and then went silent.
  const Exchange half = decode_exchange("failed timed_out\nstatus 200\nconnected yes\n");
  CHECK(half.outcome == Exchange::Outcome::timed_out);
  CHECK(half.status == 200);
  CHECK(decode_exchange(encode_exchange(half)).status == 200);
  for (const char* bad : {"", "connected yes\n", "status x\n", "failed oddly\n",
                          "status 200\nfoo\n", "status 200\nbody\nx\n", "status 200\ntotal soon\n",
                          "status 200\nheader x\n", "status 200\ntotal nan ms\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(decode_exchange(bad), std::invalid_argument);
  }
}

TEST_CASE("bodies of any bytes") {
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    Exchange exchange;
    exchange.outcome = Exchange::Outcome::answered;
    exchange.status = 200;
    exchange.body = test::random_text(random, 20);
    REQUIRE(decode_exchange(encode_exchange(exchange)).body == exchange.body);
  }
}

TEST_CASE("command results") {
  const CommandResult result{1, 0, "a\n\nb\n", "nginx: [emerg] x\n"};
  CHECK(encode_command(result) == "exit 1\nout a\nout \nout b\nerr nginx: [emerg] x\n");
  const CommandResult again = decode_command(encode_command(result));
  CHECK(again.exit_code == 1);
  CHECK(again.out == result.out);
  CHECK(again.err == result.err);
  const CommandResult killed = decode_command("signal 9\n");
  CHECK(killed.signal == 9);
  CHECK(killed.exit_code == -1);
  CHECK_THROWS_AS(decode_command("out x\n"), std::invalid_argument);
  CHECK_THROWS_AS(decode_command("exit 0\nsaid x\n"), std::invalid_argument);
}

TEST_CASE("identity and clock") {
  const std::string text =
      "name web1\nos Debian GNU/Linux 12 (bookworm)\nkernel 6.1.0\nuser root\nprivileged yes\n"
      "systemd no\naddress eth0 10.0.0.5/24\naddress eth0 2001:db8::5/64\n";
  const Identity identity = decode_identity(text);
  CHECK(identity.os == "Debian GNU/Linux 12 (bookworm)");
  CHECK(identity.privileged);
  CHECK(identity.addresses.at(1).address == "2001:db8::5");
  CHECK(encode_identity(identity) == text);
  CHECK_THROWS_AS(decode_identity("privileged perhaps\n"), std::invalid_argument);

  const Clock clock{1795253400, 1795161600};
  CHECK(encode_clock(clock) == "now 2026-11-21T09:30:00Z\nboot 2026-11-20T08:00:00Z\n");
  CHECK(decode_clock(encode_clock(clock)).boot == clock.boot);
  CHECK(utc_text(0) == "1970-01-01T00:00:00Z");
  for (const char* bad :
       {"", "2026-02-31T00:00:00Z", "2026-11-21 09:30:00", "2026-11-21T09:30:60Z"}) {
    CHECK_THROWS_AS(parse_utc(bad), std::invalid_argument);
  }
}
