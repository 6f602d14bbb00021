// gunicorn's settings against gunicorn itself: whatever is called seen is what its own Config
// holds.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include "facts/app/gunicorn.h"
#include "facts/app/gunicorn_options.h"
#include "facts/text/words.h"
#include "test.h"

namespace {

using namespace hopcheck;
using Variables = std::map<std::string, std::string>;

Answer read_real(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Answer::absent();
  std::ostringstream text;
  text << in.rdbuf();
  return Answer::present(text.str());
}

Answer nothing(const std::string&) {
  return Answer::absent();
}

const Evidence process{EvidenceKind::kernel, "/proc/812/cmdline", 0, {}, false};

GunicornSettings settings_of(std::vector<std::string> words,
                             const Fact<Variables>& environment = Variables{},
                             const std::string& cwd = "/srv/shop",
                             const ReadFile& read_file = nothing) {
  words.insert(words.begin(), {"/usr/bin/python3", "/usr/bin/gunicorn"});
  return gunicorn_settings(words, process, environment, cwd, read_file);
}

ReadFile one_file(const std::string& wanted, const std::string& text) {
  return [wanted, text](const std::string& path) {
    return path == wanted ? Answer::present(text) : Answer::absent();
  };
}

std::string hex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += pair;
  }
  return out.empty() ? "-" : out;
}

// Runs every case in a child of one python, with gunicorn's defaults read anew in its environment.
const char* const judge = R"(import sys, os
import argparse, copy, grp, inspect, pwd, re, shlex, ssl, textwrap, email.utils, importlib.util, traceback, random, socket, tempfile, ast
import gunicorn.config as config, gunicorn.app.base as base
from gunicorn.app.wsgiapp import WSGIApplication
def text(word): return '' if word == '-' else bytes.fromhex(word).decode()
def run(case):
    argv, cwd = [], '/'
    for line in open(case):
        key, _, rest = line.rstrip('\n').partition(' ')
        if key == 'arg': argv.append(text(rest))
        if key == 'cwd': cwd = rest
        if key == 'env':
            name, _, value = rest.partition(' ')
            os.environ[name] = text(value)
    os.chdir(cwd)
    sys.argv = ['gunicorn'] + argv
    devnull = os.open(os.devnull, os.O_WRONLY); os.dup2(devnull, 1); os.dup2(devnull, 2)
    base.Config = importlib.reload(config).Config
    app = WSGIApplication('%(prog)s')
    cfg = app.cfg
    name = cfg.worker_class_str
    got = {'bind': list(cfg.bind), 'workers': cfg.workers, 'threads': cfg.threads, 'timeout': cfg.timeout, 'keepalive': cfg.keepalive,
           'worker_class': 'gthread' if name == 'threads' else name, 'app': app.app_uri,
           'forwarded_allow_ips': cfg.settings['forwarded_allow_ips'].get()}
    with open(case + '.got', 'w') as out:
        for key, value in got.items():
            if key == 'bind': value = '\x01'.join(value)
            if key == 'forwarded_allow_ips': value = ','.join(value)
            out.write('%s %s\n' % (key, str(value).encode().hex() or '-'))
for case in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        try: run(case)
        except BaseException: os._exit(1)
        os._exit(0)
    os.waitpid(pid, 0)
)";

struct Case {
  std::vector<std::string> words{};
  Variables environment{};
  std::string config{};  // of ./gunicorn.conf.py, "" for none
};

std::string pick(std::mt19937& random, const std::vector<std::string>& from) {
  return from[random() % from.size()];
}

const std::vector<std::string>& option_texts() {
  static const std::vector<std::string> texts{"-b 127.0.0.1:9000",
                                              "-b=:9001",
                                              "-bunix:/run/a.sock",
                                              "--bind unix:/run/b=c.sock",
                                              "--bind=[::1]:9002",
                                              "--bin 0.0.0.0:1",
                                              "-w 3",
                                              "-w4",
                                              "-w=5",
                                              "--workers 6",
                                              "--workers=7",
                                              "-k gevent",
                                              "-kgthread",
                                              "--worker-class sync",
                                              "--worker-class=uvicorn.workers.UvicornWorker",
                                              "--threads 4",
                                              "--threads=1",
                                              "--thread 3",
                                              "-t 90",
                                              "--timeout 120",
                                              "--timeo=5",
                                              "--keep-alive 75",
                                              "--keep 5",
                                              "--forwarded-allow-ips *",
                                              "--forwarded-allow-ips=10.0.0.1,10.0.0.2",
                                              "-D",
                                              "-Rw8",
                                              "--reload",
                                              "-e A=B",
                                              "--env X=-w",
                                              "--log-level debug",
                                              "-n shop",
                                              "--name=-b",
                                              "--preload",
                                              "-c other.py",
                                              "-c=file:other.py",
                                              "--config=other.py",
                                              "--chdir sub",
                                              "--user root",
                                              "-g 0",
                                              "-m 007",
                                              "--access-logfile -",
                                              "--max-requests 5",
                                              "-w 2 -w 9",
                                              "--work 3",
                                              "--limit-request-field 100"};
  return texts;
}

const std::vector<std::string>& config_lines() {
  static const std::vector<std::string> lines{"bind = 'unix:/run/conf.sock'",
                                              "bind = ['127.0.0.1:1', ' :2 ']",
                                              "bind = ('a:3',)",
                                              "bind = []",
                                              "bind = None",
                                              "workers = 2 * 4 + 1",
                                              "workers = '0x10'",
                                              "workers = True",
                                              "workers = 2.5",
                                              "import os\nworkers = os.cpu_count()",
                                              "threads = 3",
                                              "threads = '2'",
                                              "worker_class = 'sync'",
                                              "worker_class = 'gunicorn.workers.sync.SyncWorker'",
                                              "worker_class = 'gevent'",
                                              "timeout = 0",
                                              "timeout = 61",
                                              "keepalive = 65",
                                              "forwarded_allow_ips = '*'",
                                              "forwarded_allow_ips = ' 10.0.0.9 '",
                                              "wsgi_app = 'conf:app'",
                                              "Bind = ':5'",
                                              "BIND = ':6'",
                                              "if True:\n    timeout = 7",
                                              "chdir = '/'",
                                              "x = 5\nworkers = x",
                                              "def on_starting(server):\n    pass",
                                              "bind = 'b:7'; workers = 8"};
  return lines;
}

std::vector<std::string> random_options(std::mt19937& random, unsigned most) {
  std::vector<std::string> words;
  for (auto count = random() % (most + 1); count > 0; --count) {
    const auto some = shell_split(pick(random, option_texts()));
    words.insert(words.end(), some->begin(), some->end());
  }
  return words;
}

Case random_case(std::mt19937& random) {
  Case made;
  made.words = random_options(random, 3);
  if (random() % 8 != 0)
    made.words.insert(random() % 2 == 0 ? made.words.begin() : made.words.end(), "shop:app");
  if (random() % 3 == 0) {
    std::string text;
    for (const std::string& word : random_options(random, 2))
      text += (random() % 2 == 0 ? word : "'" + word + "'") + " ";
    made.environment["GUNICORN_CMD_ARGS"] = text;
  }
  if (random() % 4 == 0) made.environment["PORT"] = pick(random, {"8080", "", "x"});
  if (random() % 4 == 0)
    made.environment["WEB_CONCURRENCY"] = pick(random, {"4", " 5 ", "0", "six"});
  if (random() % 5 == 0) made.environment["FORWARDED_ALLOW_IPS"] = "10.1.1.1";
  if (random() % 4 != 0) {
    for (auto lines = random() % 5; lines > 0; --lines)
      made.config += pick(random, config_lines()) + "\n";
  }
  return made;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void write_case(const std::string& folder, const Case& made) {
  std::filesystem::create_directories(folder + "/sub");
  write(folder + "/other.py", "bind = 'unix:/run/other.sock'\ntimeout = 77\n");
  if (!made.config.empty()) write(folder + "/gunicorn.conf.py", made.config);
  std::string text = "cwd " + folder + "\n";
  for (const std::string& word : made.words) text += "arg " + hex(word) + "\n";
  for (const auto& [name, value] : made.environment)
    text += "env " + name + " " + hex(value) + "\n";
  write(folder + "/case", text);
}

struct Score {
  int seen{0};
  int unseen{0};
  std::string wrong{};
};

template <class T>
void compare(Score& score, const std::string& where, const std::string& wanted, const Fact<T>& fact,
             const std::string& ours) {
  if (!fact.seen()) {
    ++score.unseen;
    return;
  }
  ++score.seen;
  if (ours != wanted) score.wrong += where + ": ours " + ours + ", gunicorn's " + wanted + "\n";
}

template <class T>
std::string text_of(const Fact<Located<T>>& fact) {
  if (!fact.seen()) return "";
  std::ostringstream out;
  out << fact->value;
  return hex(out.str());
}

std::string binds_of(const GunicornSettings& settings) {
  std::string joined;
  if (!settings.bind.seen()) return "";
  for (const auto& bind : *settings.bind)
    joined += (joined.empty() && &bind == &settings.bind->front() ? "" : "\x01") + bind.value;
  return hex(joined);
}

void judge_case(Score& score, const std::string& folder, const Case& made) {
  std::ifstream in(folder + "/case.got");
  if (!in) return;  // gunicorn would not start
  std::map<std::string, std::string> got;
  for (std::string name, value; in >> name >> value;) got[name] = value;
  const GunicornSettings ours = settings_of(made.words, made.environment, folder, read_real);
  compare(score, folder + " bind", got["bind"], ours.bind, binds_of(ours));
  compare(score, folder + " workers", got["workers"], ours.workers, text_of(ours.workers));
  compare(score, folder + " threads", got["threads"], ours.threads, text_of(ours.threads));
  compare(score, folder + " timeout", got["timeout"], ours.timeout_s, text_of(ours.timeout_s));
  compare(score, folder + " keepalive", got["keepalive"], ours.keepalive_s,
          text_of(ours.keepalive_s));
  compare(score, folder + " worker_class", got["worker_class"], ours.worker_class,
          text_of(ours.worker_class));
  compare(score, folder + " forwarded", got["forwarded_allow_ips"], ours.forwarded_allow_ips,
          text_of(ours.forwarded_allow_ips));
  if (!ours.app.empty() && hex(ours.app) != got["app"])
    score.wrong += folder + " app: " + ours.app + "\n";
}

}  // namespace

TEST_CASE("settings are those of gunicorn itself") {
  if (std::system("/usr/bin/python3 -c 'import gunicorn' 2>/dev/null") != 0) {
    WARN("gunicorn is not installed");
    return;
  }
  char folder[] = "/tmp/hopcheck-gunicorn-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  write(folder + std::string("/judge"), judge);
  std::mt19937 random(11);
  std::vector<Case> cases;
  std::string command = "/usr/bin/python3 -B " + std::string(folder) + "/judge";
  for (int i = 0; i < 120; ++i) {
    cases.push_back(random_case(random));
    const std::string place = folder + std::string("/") + std::to_string(i);
    write_case(place, cases.back());
    command += " " + place + "/case";
  }
  REQUIRE(std::system(command.c_str()) == 0);
  Score score;
  for (std::size_t i = 0; i < cases.size(); ++i)
    judge_case(score, folder + std::string("/") + std::to_string(i), cases[i]);
  INFO(score.wrong);
  CHECK(score.wrong.empty());
  CHECK(score.seen > 300);
  CHECK(score.unseen < score.seen / 4);
  if (score.wrong.empty()) std::filesystem::remove_all(folder);
}

TEST_CASE("each setting knows where it came from") {
  const GunicornSettings settings = settings_of(
      {"-w", "3", "shop:app"}, Variables{{"GUNICORN_CMD_ARGS", "--timeout 90"}}, "/srv/shop",
      one_file("/srv/shop/gunicorn.conf.py", "# shop\nbind = 'unix:/run/shop.sock'\n"));
  CHECK(settings.app == "shop:app");
  CHECK(settings.config_file == "/srv/shop/gunicorn.conf.py");
  CHECK((*settings.bind)[0].from == Evidence{EvidenceKind::file, "/srv/shop/gunicorn.conf.py", 2,
                                             "bind = 'unix:/run/shop.sock'", false});
  CHECK(settings.workers->from.text == "-w 3");
  CHECK(settings.workers->from.source == "/proc/812/cmdline");
  CHECK(settings.timeout_s->from.text == "GUNICORN_CMD_ARGS: --timeout 90");
  CHECK(settings.keepalive_s->value == 2);
  CHECK(settings.keepalive_s->from.kind == EvidenceKind::default_);
  CHECK(settings.keepalive_s->from.source == "gunicorn's default");
}

TEST_CASE("a title hides the command line, and all that it could say") {
  const GunicornSettings settings =
      gunicorn_settings({"gunicorn: master [shop:app]", "", ""}, process, Variables{}, "/srv/shop",
                        one_file("/srv/shop/gunicorn.conf.py", "bind = ':1'\n"));
  CHECK(settings.app == "shop:app");
  REQUIRE_FALSE(settings.bind.seen());
  CHECK(settings.bind.unseen().why == Unseen::Why::undecidable);
  CHECK_FALSE(settings.workers.seen());
}

TEST_CASE("what was not seen leaves only what is stronger") {
  const Unseen denied{Unseen::Why::denied, "environment", "root"};
  const GunicornSettings settings = settings_of({"-b", ":1", "shop:app"}, denied);
  CHECK(settings.bind.seen());
  REQUIRE_FALSE(settings.workers.seen());
  CHECK(settings.workers.unseen() == denied);
  const GunicornSettings blind =
      settings_of({"-c", "/etc/g.py", "-w", "2"}, Variables{}, "/",
                  [&](const std::string&) { return Answer::unseen(denied); });
  CHECK(blind.workers.seen());
  CHECK(blind.bind.unseen() == denied);
  CHECK_FALSE(settings_of({"-c", "python:shop.conf"}).bind.seen());
  CHECK_FALSE(settings_of({"-c", "missing.py"}).bind.seen());
  CHECK_FALSE(settings_of({"shop:app"}, Variables{}, "").bind.seen());
  CHECK_FALSE(
      settings_of({"shop:app"}, Variables{{"GUNICORN_CMD_ARGS", "--bind 'open"}}).bind.seen());
  Answer cut = Answer::present("bind = ':1'\n");
  cut.truncated_at = 12;
  CHECK_FALSE(
      settings_of({}, Variables{}, "/", [&](const std::string&) { return cut; }).bind.seen());
}

TEST_CASE("in a unit, what systemd fills in is not known") {
  const Evidence unit{EvidenceKind::file, "/etc/systemd/system/shop.service", 7, "ExecStart=…",
                      false};
  const std::vector<std::string> argv{"/srv/venv/bin/gunicorn",
                                      "-b",
                                      "unix:/run/%i.sock",
                                      "-w",
                                      "${WORKERS}",
                                      "-t",
                                      "30",
                                      "shop:app"};
  const GunicornSettings settings = gunicorn_settings(argv, unit, Variables{}, "/srv", nothing);
  CHECK_FALSE(settings.bind.seen());
  CHECK_FALSE(settings.workers.seen());
  CHECK(settings.timeout_s->from == unit);
}

TEST_CASE("options from all sides") {
  const std::vector<std::string> words{"--new-option", "value", "-w",      "-1",
                                       "--",           "-odd",  "shop:app"};
  const GunicornOptions options = gunicorn_options(words);
  CHECK(options.app == "-odd");
  CHECK(options.values.at("workers")[0].value == "-1");
  const std::vector<std::string> ambiguous{"--forward=10.0.0.1", "shop:app"};
  CHECK(gunicorn_options(ambiguous).doubtful.count("forwarded_allow_ips") == 1);
  const std::vector<std::string> cut{"shop:app", "-b"};
  CHECK(gunicorn_options(cut).values.empty());
  const std::vector<std::string> check{"--check-config", "shop:app"};
  CHECK(gunicorn_options(check).ends_at_once);
}

TEST_CASE("a bind as a listener") {
  CHECK(bind_listener("unix:/run/x.sock", "/")->path == "/run/x.sock");
  CHECK(bind_listener("unix:x.sock", "/srv")->path == "/srv/x.sock");
  CHECK(bind_listener("unix:///run/x.sock", "/")->path == "/run/x.sock");
  CHECK_FALSE(bind_listener("unix:x.sock", "").has_value());
  CHECK(bind_listener(":8001", "/")->text() == "0.0.0.0:8001");
  CHECK(bind_listener("127.0.0.1", "/")->text() == "127.0.0.1:8000");
  CHECK(bind_listener("tcp://[::1]:9", "/")->text() == "[::1]:9");
  CHECK(bind_listener("[::]", "/")->text() == "[::]:8000");
  CHECK_FALSE(bind_listener("fd://3", "/").has_value());
  CHECK_FALSE(bind_listener("127.0.0.1:", "/").has_value());
  CHECK_FALSE(bind_listener("127.0.0.1:$PORT", "/").has_value());
  CHECK_FALSE(bind_listener("a:99999", "/").has_value());
  CHECK(bind_listener("]x[", "/")->text() == "0.0.0.0:8000");
}
