// Units: their files, what the manager says of them, the servers they start.
#include <random>

#include "facts/systemd/app_command.h"
#include "facts/systemd/exec_line.h"
#include "facts/systemd/show.h"
#include "facts/systemd/unit_file.h"
#include "test.h"

namespace {

using namespace hopcheck;
using Words = std::vector<std::string>;

Answer nothing(const std::string&) {
  return Answer::absent();
}

Unit unit_of(const std::string& text, const std::string& name = "shop.service") {
  Unit unit;
  unit.name = name;
  read_unit_file(unit, "/etc/systemd/system/" + name, text);
  return unit;
}

Words argv_of(const std::string& line) {
  return exec_line(line).argv;
}

Unit service(const std::string& lines) {
  return unit_of("[Service]\n" + lines);
}

UnitState ended(int code, int status) {
  UnitState state;
  state.exit_code = code;
  state.exit_status = status;
  return state;
}

}  // namespace

TEST_CASE("unit files are read as systemd reads them") {
  Unit unit = unit_of(
      "# comment\nstray = 1\n[Unit]\nDescription = Shop \n[Service]\nExecStart=/bin/a \\\n  # "
      "comment between\n  -b \\\n  c\nUser=shop\n"
      "Environment=A=1\n; other\nEnvironment=B=2\nnoequals\n=x\n");
  REQUIRE(unit.setting("ExecStart") != nullptr);
  CHECK(argv_of(unit.setting("ExecStart")->value) == Words{"/bin/a", "-b", "c"});
  CHECK(unit.setting("ExecStart")->from.line == 6);
  CHECK(unit.setting("Description")->value == "Shop");
  CHECK(unit.setting("stray") == nullptr);
  CHECK(unit_settings(unit, "Service", "Environment").size() == 2);
  read_unit_file(unit, "/etc/systemd/system/shop.service.d/x.conf",
                 "[Service]\nExecStart=\nExecStart=/bin/b\nEnvironment=\n[Unit]\nUser=\n");
  CHECK(unit.setting("ExecStart")->value == "/bin/b");
  CHECK(unit.setting("ExecStart")->from.source == "/etc/systemd/system/shop.service.d/x.conf");
  CHECK(unit_settings(unit, "Service", "ExecStart").size() == 1);
  CHECK(unit.setting("Environment") == nullptr);
  CHECK(unit.setting("User")->value == "shop");
}

TEST_CASE("a unit's own name stands for its specifiers") {
  Unit unit =
      unit_of("[Service]\nExecStart=/usr/bin/gunicorn --bind 127.0.0.1:%i %p %N %n 100%% %h\n",
              "shop@8001.service");
  expand_specifiers(unit);
  CHECK(unit.setting("ExecStart")->value ==
        "/usr/bin/gunicorn --bind 127.0.0.1:8001 shop shop@8001 shop@8001.service 100%% %h");
  CHECK(unit.setting("ExecStart")->from.text.find("%i") != std::string::npos);
  Unit plain = unit_of("[Service]\nExecStart=/usr/bin/x %i-%p%\n");
  expand_specifiers(plain);
  CHECK(plain.setting("ExecStart")->value == "/usr/bin/x -shop%");
}

TEST_CASE("a file may end anywhere") {
  CHECK(unit_of("[Service]\nUser=shop \\").setting("User")->value == "shop");
  CHECK(unit_of("[Service]\r\nUser=shop\r\n").setting("User")->value == "shop");
  CHECK(unit_of("[Service]\nUser=a\\\\\nGroup=b").setting("Group")->value == "b");
  CHECK(unit_of("").lines.empty());
  CHECK(unit_of("[").lines.empty());
}

TEST_CASE("command lines are split as systemd splits them") {
  CHECK(argv_of("/bin/echo \"a b\" 'c \"d\"' e\\x20f g\\sh") ==
        Words{"/bin/echo", "a b", "c \"d\"", "e f", "g h"});
  CHECK(argv_of("echo one ; echo two") == Words{"echo", "one"});
  CHECK(argv_of("echo / >/dev/null & \\; ls") == Words{"echo", "/", ">/dev/null", "&", ";", "ls"});
  CHECK(argv_of("/bin/a --x=\"b c\"d") == Words{"/bin/a", "--x=b cd"});
  CHECK(argv_of("/bin/a \\q \\101") == Words{"/bin/a", "\\q", "A"});
  CHECK(argv_of("/bin/a 'open").empty());
  CHECK(argv_of("").empty());
  CHECK(argv_of("/bin/a ''") == Words{"/bin/a", ""});
  const ExecLine line = exec_line("-@:/bin/a name arg");
  CHECK(line.prefixes == "-@:");
  CHECK(line.program == "/bin/a");
  CHECK(line.argv == Words{"name", "arg"});
  CHECK(exec_line("+!!/bin/a").program == "/bin/a");
}

TEST_CASE("variables are replaced as systemd replaces them") {
  const std::map<std::string, std::string> variables{{"ONE", "one"}, {"TWO", "two 'a b'"}};
  CHECK(expand_variables(
            {"$ONE", "$TWO", "${TWO}", "x${ONE}y", "x$ONE", "$$ONE", "$NONE", "${NONE}", "${HOME}"},
            variables, true) ==
        Words{"one", "two", "a b", "two 'a b'", "xoney", "x$ONE", "$ONE", "", "${HOME}"});
  CHECK(expand_variables({"${ONE}", "${NONE", "${}", "$"}, variables, false) ==
        Words{"${ONE}", "${NONE", "${}", "$"});
}

TEST_CASE("systemctl show is read block by block") {
  const auto units = parse_show(
      "Id=shop.service\nNames=shop.service "
      "web.service\nFragmentPath=/etc/systemd/system/shop.service\nDropInPaths=/a.conf "
      "/b.conf\nLoadState=loaded\n"
      "ActiveState=failed\nSubState=failed\nResult=exit-code\nUnitFileState=enabled\nMainPID="
      "0\nExecMainCode=1\nExecMainStatus=3\nNRestarts=5\nNeedDaemonReload=yes\n"
      "\nId=nginx.service\nMainPID=810\nActiveState=active\n\nActiveState=nobody\n\nId=x."
      "service\nLoadState=not-found\nMainPID=many\nbroken\n");
  REQUIRE(units.size() == 3);
  CHECK(units[0].names == Words{"shop.service", "web.service"});
  CHECK(units[0].drop_ins == Words{"/a.conf", "/b.conf"});
  CHECK(units[0].state.is_failing());
  CHECK(units[0].state.restarts == 5);
  CHECK(units[0].state.needs_daemon_reload);
  CHECK(exit_words(units[0].state) == "exited with status 3");
  CHECK(units[1].state.main_pid == 810);
  CHECK_FALSE(units[1].state.is_failing());
  CHECK(units[2].state.load == "not-found");
  CHECK(units[2].state.main_pid == 0);
  CHECK(parse_show("").empty());
  const auto limits = parse_show(
      "Id=shop.service\nRestart=on-failure\nKillMode=mixed\nTimeoutStopUSec=1min 30s\n"
      "LimitNOFILE=18446744073709551615\nWantedBy=multi-user.target\nRequiredBy=a.service "
      "b.service\nTriggeredBy=shop.socket\n");
  REQUIRE(limits.size() == 1);
  CHECK(limits[0].state.restart == "on-failure");
  CHECK(limits[0].state.kill_mode == "mixed");
  CHECK(limits[0].state.stop_timeout_ms == 90'000);
  CHECK(limits[0].state.open_files == -1);
  CHECK(limits[0].state.wanted_by ==
        std::vector<std::string>{"multi-user.target", "a.service", "b.service"});
  CHECK(limits[0].state.triggered_by == std::vector<std::string>{"shop.socket"});
  CHECK(parse_show("Id=a.service\nTimeoutStopUSec=infinity\n")[0].state.stop_timeout_ms == -1);
  CHECK(parse_show("Id=a.service\nTimeoutStopUSec=5.5s\n")[0].state.stop_timeout_ms == 5500);
  CHECK(parse_show("Id=a.service\nTimeoutStopUSec=3 moons\n")[0].state.stop_timeout_ms == 0);
  CHECK(show_command({"a.service", "b.service"}).back() == "b.service");
}

TEST_CASE("waiting for the next restart is failing") {
  UnitState state;
  state.active = "activating";
  state.sub = "auto-restart";
  CHECK(state.is_failing());
  state.sub = "start";
  CHECK_FALSE(state.is_failing());
}

TEST_CASE("how a service ended") {
  CHECK(exit_words(ended(2, 9)) == "killed by SIGKILL (9)");
  CHECK(exit_words(ended(3, 11)) == "killed by SIGSEGV (11), core dumped");
  CHECK(exit_words(ended(2, 60)) == "killed by signal 60");
  CHECK(exit_words(ended(1, 203)) == "status 203/EXEC: the program could not be run");
  CHECK(exit_words(ended(1, 217)) ==
        "status 217/USER: its user could not be taken on or does not exist");
  CHECK(exit_words(ended(1, 223)) == "exited with status 223");
  CHECK(exit_words(ended(0, 0)) == "it did not start");
  UnitState state = ended(0, 0);
  state.result = "start-limit-hit";
  CHECK(exit_words(state) == "it was started too often in a short time");
  state = ended(2, 9);
  state.result = "oom-kill";
  CHECK(exit_words(state) == "killed by SIGKILL (9), for lack of memory");
}

TEST_CASE("the server that a unit starts") {
  const auto command =
      app_command(service("User=shop\nGroup=www-data\nWorkingDirectory=/srv/"
                          "shop\nEnvironment=PORT=9000 SECRET=x \"GUNICORN_CMD_ARGS=-t 90\"\n"
                          "ExecStart=/srv/venv/bin/gunicorn -w 3 shop:app\n"));
  REQUIRE(command.has_value());
  CHECK(command->kind == AppServer::Kind::gunicorn);
  CHECK(command->app == "shop:app");
  CHECK(command->user == "shop");
  CHECK(command->cwd == "/srv/shop");
  CHECK(command->environment->count("SECRET") == 0);
  const GunicornSettings settings = unit_gunicorn(*command, nothing);
  CHECK((*settings.bind)[0].value == "0.0.0.0:9000");
  CHECK(settings.timeout_s->value == 90);
  CHECK(settings.workers->value == 3);
  CHECK(settings.workers->from.line == 6);
}

TEST_CASE("wrappers and shells are looked through") {
  const auto argv = [](const std::string& line) {
    const auto command = app_command(service("ExecStart=" + line + "\n"));
    return command && command->argv.seen() ? *command->argv : Words{};
  };
  const Words plain{"gunicorn", "-w", "2", "shop:app"};
  CHECK(argv("gunicorn -w 2 shop:app") == plain);
  CHECK(argv("/usr/bin/env A=b PATH=/x gunicorn -w 2 shop:app") == plain);
  CHECK(argv("/usr/bin/sudo -u gunicorn gunicorn -w 2 shop:app") == plain);
  CHECK(argv("/usr/bin/poetry run gunicorn -w 2 shop:app") == plain);
  CHECK(argv("/bin/sh -c 'exec gunicorn -w 2 shop:app'") == plain);
  CHECK(argv("/bin/bash -lc \"gunicorn -w 2 shop:app\"") == plain);
  CHECK(argv("/bin/sh -c 'echo gunicorn'").empty());
  CHECK(argv("/usr/bin/tail -f gunicorn").empty());
  const auto shell = app_command(
      service("ExecStart=/bin/sh -c 'cd /srv && exec gunicorn -w $(nproc) shop:app'\n"));
  REQUIRE(shell.has_value());
  CHECK(shell->kind == AppServer::Kind::gunicorn);
  CHECK_FALSE(shell->argv.seen());
  CHECK_FALSE(unit_gunicorn(*shell, nothing).bind.seen());
}

TEST_CASE("what a unit leaves open is not guessed") {
  const auto settings = [](const std::string& lines) {
    return unit_gunicorn(*app_command(service(lines)), nothing);
  };
  CHECK((*settings("Environment=B=:1\nExecStart=gunicorn -b ${B} a:b\n").bind)[0].value == ":1");
  CHECK_FALSE(
      settings("EnvironmentFile=/etc/shop\nEnvironment=B=:1\nExecStart=gunicorn -b ${B} a:b\n")
          .bind.seen());
  CHECK(settings("EnvironmentFile=/etc/shop\nExecStart=gunicorn -b :2 a:b\n").bind.seen());
  CHECK_FALSE(settings("EnvironmentFile=/etc/shop\nExecStart=gunicorn -b :2 a:b\n").workers.seen());
  CHECK_FALSE(settings("ExecStart=gunicorn -b unix:/run/%i.sock a:b\n").bind.seen());
  CHECK((*settings("ExecStart=gunicorn -b 127.0.0.1:$PORT a:b\n").bind)[0].value ==
        "127.0.0.1:$PORT");
  CHECK_FALSE(settings("RootDirectory=/x\nExecStart=gunicorn a:b\n").bind.seen());
  CHECK(app_command(service("WorkingDirectory=~\nExecStart=gunicorn a:b\n"))->cwd.empty());
  CHECK_FALSE(app_command(service("")).has_value());
  CHECK_FALSE(app_command(service("ExecStart=/usr/bin/python3 /usr/bin/firewalld\n")).has_value());
  CHECK(app_command(service("ExecStart=/usr/bin/python3 /srv/shop/app.py\n"))->kind ==
        AppServer::Kind::other);
}

TEST_CASE("socket units") {
  const auto socket = socket_unit(
      unit_of("[Socket]\nListenStream=/run/shop.sock\nListenStream=8000\n", "shop.socket"));
  REQUIRE(socket.has_value());
  REQUIRE(socket->streams.size() == 2);
  CHECK(socket->streams[0].from.line == 2);
  CHECK(socket->service == "shop.service");
  CHECK(socket_unit(unit_of("[Socket]\nAccept=yes\n", "shop.socket"))->service == "shop@.service");
  CHECK(socket_unit(unit_of("[Socket]\nService=web.service\n", "shop.socket"))->service ==
        "web.service");
  CHECK_FALSE(socket_unit(unit_of("[Socket]\n", "shop.service")).has_value());
  CHECK(stream_listener("/run/x.sock")->path == "/run/x.sock");
  CHECK(stream_listener("8000")->text() == "[::]:8000");
  CHECK(stream_listener("127.0.0.1:80")->text() == "127.0.0.1:80");
  CHECK(stream_listener("[::1]:80")->text() == "[::1]:80");
  for (const char* bad : {"", "vsock:2:80", "%i", "0", "70000", "x", "a:b", ":", "["})
    CHECK_FALSE(stream_listener(bad).has_value());
}

TEST_CASE("hostile text does no harm") {
  std::mt19937 random(5);
  const std::string alphabet = "[]=\\\n\"' $%{};#@-+!:abx01\t\r";
  for (int i = 0; i < 4000; ++i) {
    std::string text = "[Service]\nExecStart=gunicorn ";
    for (auto length = random() % 80; length > 0; --length)
      text += alphabet[random() % alphabet.size()];
    const Unit unit = unit_of(text);
    if (const auto command = app_command(unit)) unit_gunicorn(*command, nothing);
    parse_show(text);
    stream_listener(text.substr(10));
  }
}
