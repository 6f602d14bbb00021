// Application servers in a table of processes: what is one, what only looks like one.
#include "facts/app/command.h"
#include "facts/app/servers.h"
#include "facts/text/words.h"
#include "test.h"

namespace {

using namespace hopcheck;
using Kind = AppServer::Kind;

Answer nothing(const std::string&) {
  return Answer::absent();
}

Process running(int pid, int parent, std::vector<std::string> argv, const std::string& unit = "") {
  Process process;
  process.pid = pid;
  process.parent = parent;
  process.argv = std::move(argv);
  process.unit = unit;
  process.credentials.user = pid % 2 == 0 ? "root" : "shop";
  process.cwd = std::string("/srv/shop");
  process.environment = std::map<std::string, std::string>{};
  return process;
}

Listener tcp(int port, std::vector<int> pids) {
  Listener listener;
  listener.address = "127.0.0.1";
  listener.port = port;
  listener.pids = Partial<int>(std::move(pids));
  return listener;
}

std::vector<AppServer> find(std::vector<Process> processes, std::vector<Listener> listeners = {}) {
  const Partial<Listener> table(std::move(listeners));
  return app_servers(Partial<Process>(std::move(processes)), &table, nothing);
}

const std::vector<std::string> gunicorn{"/usr/bin/python3", "/usr/bin/gunicorn", "-b",
                                        "127.0.0.1:8000", "shop:app"};

// The kind of a command line in a shell's words; "" where it is no server.
std::string kind_of(const std::string& line) {
  const auto words = shell_split(line);
  REQUIRE(words.has_value());
  const auto command = server_command(*words);
  return command ? kind_name(command->kind) : "";
}

}  // namespace

TEST_CASE("a master, its workers and its sockets are one server") {
  const auto servers =
      find({running(812, 1, gunicorn, "shop.service"), running(813, 812, gunicorn, "shop.service"),
            running(815, 812, gunicorn, "shop.service"), running(900, 813, {"convert", "a", "b"})},
           {tcp(8000, {812, 813, 815}), tcp(80, {1})});
  REQUIRE(servers.size() == 1);
  CHECK(servers[0].kind == Kind::gunicorn);
  CHECK(servers[0].pid == 812);
  CHECK(servers[0].pids == std::vector<int>{812, 813, 815});
  CHECK(servers[0].credentials.user == "shop");
  REQUIRE(servers[0].listeners.size() == 1);
  CHECK(servers[0].listeners[0].port == 8000);
  CHECK(servers[0].listeners_complete);
  CHECK((*servers[0].gunicorn.bind)[0].value == "127.0.0.1:8000");
  CHECK(servers[0].text() == "gunicorn shop:app (shop.service, pid 812)");
}

TEST_CASE("titles tell masters from workers") {
  const auto servers = find({running(20, 1, {"gunicorn: master [shop:app]", ""}),
                             running(21, 20, {"gunicorn: worker [shop:app]"}),
                             running(30, 1, {"gunicorn: master [blog]"}),
                             running(31, 30, {"gunicorn: worker [blog]"})});
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].pids == std::vector<int>{20, 21});
  CHECK(servers[0].app == "shop:app");
  CHECK(servers[1].app.empty());
  CHECK_FALSE(servers[0].gunicorn.bind.seen());
  CHECK(servers[1].text() == "gunicorn (pid 30)");
}

TEST_CASE("what only mentions a server is none") {
  for (const char* line : {"grep gunicorn",
                           "vim gunicorn.conf.py",
                           "tail -f /var/log/gunicorn.log",
                           "sudo gunicorn shop:app",
                           "bash -c 'gunicorn shop:app'",
                           "/bin/sh /usr/local/bin/gunicorn",
                           "python3 -m pip install gunicorn",
                           "/usr/bin/python3 /usr/bin/pip install gunicorn",
                           "less /usr/bin/gunicorn",
                           "gunicorn --version",
                           "python3 /usr/bin/gunicorn --check-config shop:app",
                           "flask shell",
                           "flask --app run db",
                           "python3 -m flask routes",
                           "python3 -c 'import gunicorn'",
                           "python3 -X dev",
                           "python3",
                           "strace -f gunicorn",
                           "nano uwsgi",
                           "uwsgitop",
                           "python3 gunicorn.conf.py"}) {
    INFO(line);
    CHECK(kind_of(line).empty());
  }
  CHECK_FALSE(server_command(std::vector<std::string>{}).has_value());
  CHECK_FALSE(server_command(std::vector<std::string>{"", ""}).has_value());
}

TEST_CASE("servers by their command lines") {
  CHECK(kind_of("gunicorn shop:app") == "gunicorn");
  CHECK(kind_of("/srv/venv/bin/python -u -m gunicorn shop:app") == "gunicorn");
  CHECK(kind_of("python3.11 -X dev -W error /srv/venv/bin/gunicorn shop:app") == "gunicorn");
  CHECK(kind_of("python3 -m gunicorn.app.wsgiapp shop:app") == "gunicorn");
  CHECK(kind_of("/usr/bin/uwsgi-core --ini x.ini") == "uwsgi");
  CHECK(kind_of("/usr/bin/uwsgi_python311 --ini x.ini") == "uwsgi");
  CHECK(kind_of("python3 /usr/bin/uvicorn shop:app") == "uvicorn");
  CHECK(kind_of("python3 /usr/bin/waitress-serve --port=8080 shop:app") == "waitress");
  CHECK(kind_of("python3 -m waitress shop:app") == "waitress");
  CHECK(kind_of("python3 -m flask --app shop run --port 5000") == "flask");
  CHECK(kind_of("/usr/bin/python3 /usr/bin/flask -A shop run") == "flask");
  CHECK(kind_of("hypercorn shop:app") == "other");
}

TEST_CASE("applications by their command lines") {
  const auto app = [](const std::string& line) {
    const auto words = *shell_split(line);
    return application(*server_command(words), words);
  };
  CHECK(app("uvicorn --host 0.0.0.0 --port 80 shop:app") == "shop:app");
  CHECK(app("hypercorn -b 127.0.0.1:8000 shop:app") == "shop:app");
  CHECK(app("waitress-serve --listen=*:8080 --call shop:create") == "shop:create");
  CHECK(app("flask --app shop run") == "shop");
  CHECK(app("gunicorn -w 4 shop:app") == "shop:app");
}

TEST_CASE("a python program counts where it listens on TCP") {
  const std::vector<std::string> script{"python3", "-u", "/srv/shop/app.py"};
  const std::vector<std::string> daemon{"/usr/bin/python3", "/usr/bin/fail2ban-server"};
  const std::vector<std::string> idle{"/usr/bin/python3", "/usr/bin/networkd"};
  const auto servers = find({running(50, 1, script), running(51, 50, script),
                             running(60, 1, daemon), running(70, 1, idle)},
                            {tcp(5000, {51}), tcp(1, {60})});
  REQUIRE(servers.size() == 1);
  CHECK(servers[0].kind == Kind::other);
  CHECK(servers[0].pids == std::vector<int>{50, 51});
  CHECK(servers[0].text() == "app.py (pid 50)");
}

TEST_CASE("an emperor's vassals are servers, the emperor is none") {
  const auto servers = find({running(10, 1, {"uwsgi", "--emperor", "/etc/uwsgi"}),
                             running(11, 10, {"uwsgi", "--ini", "a.ini", "--module=a"}),
                             running(12, 11, {"uwsgi", "--ini", "a.ini", "--module=a"}),
                             running(13, 10, {"uwsgi", "--ini", "b.ini"})});
  REQUIRE(servers.size() == 2);
  CHECK(servers[0].pids == std::vector<int>{11, 12});
  CHECK(servers[0].app == "a");
  CHECK(servers[1].pid == 13);
}

TEST_CASE("uvicorn's workers are started by multiprocessing") {
  const auto servers = find(
      {running(5, 1, {"python3", "/usr/bin/uvicorn", "--workers", "2", "shop:app"}),
       running(
           7, 5,
           {"python3", "-B", "-c", "from multiprocessing.spawn import spawn_main; spawn_main()"})},
      {tcp(8000, {7})});
  REQUIRE(servers.size() == 1);
  CHECK(servers[0].pids == std::vector<int>{5, 7});
  CHECK(servers[0].listeners.size() == 1);
}

TEST_CASE("sockets whose owner is hidden leave the list open") {
  Listener hidden = tcp(8000, {});
  hidden.pids.add_missing({Unseen::Why::denied, "owner", "root"});
  Process closed = running(812, 1, gunicorn);
  closed.cwd = Unseen{Unseen::Why::denied, "cwd", "root"};
  CHECK_FALSE(find({closed}, {hidden})[0].listeners_complete);
  // Whose descriptors were all read holds no socket of a hidden owner.
  CHECK(find({running(812, 1, gunicorn)}, {hidden})[0].listeners_complete);
  const auto blind = app_servers(Partial<Process>({running(812, 1, gunicorn)}), nullptr, nothing);
  CHECK_FALSE(blind[0].listeners_complete);
}

TEST_CASE("a listener that no default explains makes the defaults unseen") {
  const auto elsewhere =
      find({running(812, 1, {"python3", "/usr/bin/gunicorn", "shop:app"})}, {tcp(9000, {812})});
  CHECK_FALSE(elsewhere[0].gunicorn.bind.seen());
  CHECK_FALSE(elsewhere[0].gunicorn.workers.seen());
  const auto there =
      find({running(812, 1, {"python3", "/usr/bin/gunicorn", "shop:app"})}, {tcp(8000, {812})});
  CHECK(there[0].gunicorn.bind.seen());
}

TEST_CASE("after --chdir a relative configuration file is not guessed") {
  const auto servers = find({running(
      812, 1, {"python3", "/usr/bin/gunicorn", "--chdir", "/srv/shop", "-w", "2", "shop:app"})});
  CHECK(servers[0].gunicorn.workers.seen());
  CHECK_FALSE(servers[0].gunicorn.timeout_s.seen());
}

TEST_CASE("parents in a circle end") {
  CHECK(find({running(5, 6, gunicorn), running(6, 5, gunicorn)}).empty());
  CHECK(find({running(5, 5, gunicorn)}).size() == 1);
}

TEST_CASE("a unit tells what the title hides") {
  Unit unit;
  unit.name = "shop.service";
  unit.lines = {{"Service",
                 "ExecStart",
                 {"/usr/bin/gunicorn -b 127.0.0.1:8000 -w 3 shop:app",
                  {EvidenceKind::file, "/etc/shop.service", 5, "ExecStart=", false}}}};
  auto servers =
      find({running(812, 1, {"gunicorn: master [shop:app]"}, "shop.service")}, {tcp(8000, {812})});
  complete_from_unit(servers[0], unit, nothing);
  REQUIRE(servers[0].gunicorn.workers.seen());
  CHECK(servers[0].gunicorn.workers->value == 3);
  CHECK(servers[0].gunicorn.workers->from.line == 5);
  auto other =
      find({running(812, 1, {"gunicorn: master [shop:app]"}, "shop.service")}, {tcp(9000, {812})});
  complete_from_unit(other[0], unit, nothing);
  CHECK_FALSE(other[0].gunicorn.workers.seen());
}
