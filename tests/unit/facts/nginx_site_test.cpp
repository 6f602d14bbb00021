// Listens, actions as written, upstream members, and what is not known.
#include "facts/nginx/address.h"
#include "facts/nginx/instances.h"
#include "facts/nginx/site.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

/// A site with the configuration that it needs.
struct Understood {
  explicit Understood(const std::string& http)
      : config(parse_text("http {" + http + "}")), site(understand(config)) {}
  Understood(const Understood&) = delete;
  Understood& operator=(const Understood&) = delete;

  const Site* operator->() const { return &*site; }

  Config config;
  Fact<Site> site;
};

std::string listens(const std::string& line) {
  const Understood site("server { listen " + line + "; }");
  std::string out;
  for (const Listen& one : site->servers.at(0).listens) {
    out += (out.empty() ? "" : " ") +
           (one.path.empty() ? one.address + "|" + std::to_string(one.port) : one.path);
    out += one.default_server ? "+default" : "";
    out += one.ssl ? "+ssl" : "";
    out += one.proxy_protocol ? "+proxy" : "";
    out += one.only_v6 ? "" : "+both";
  }
  return out;
}

Action action_of(const std::string& inside) {
  return Understood("root /srv; upstream app { server 127.0.0.1:8000; } server { location /x/ {" +
                    inside + "} }")
      ->servers.at(0)
      .locations->at(0)
      .action;
}

std::string written(const std::string& inside) {
  const Action action = action_of(inside);
  return std::string(action_name(action.kind)) + " " + action.target;
}

std::string places(const std::string& pass) {
  const Understood site(
      "upstream app { server 10.0.0.1; server [::1]:81 backup; server unix:/run/a.sock down; "
      "server name.test:82 weight=2; } server { location / { " +
      pass + " } }");
  std::string out;
  for (const Member& one : members(*site.site, site->servers.at(0).locations->at(0).action)) {
    out += (out.empty() ? "" : " ") + one.text() + (one.backup ? "+backup" : "") +
           (one.down ? "+down" : "");
  }
  return out;
}

}  // namespace

TEST_CASE("listen in all its forms") {
  CHECK(listens("80") == "0.0.0.0|80");
  CHECK(listens("*:81 default_server") == "0.0.0.0|81+default");
  CHECK(listens("10.0.0.5") == "10.0.0.5|80");
  CHECK(listens("10.0.0.5:8080 ssl http2") == "10.0.0.5|8080+ssl");
  CHECK(listens("[::]:80 ipv6only=off") == "::|80+both");
  CHECK(listens("[0:0::1] default") == "::1|80+default");
  CHECK(listens("localhost:80") == "127.0.0.1|80");
  CHECK(listens("unix:/run/n.sock proxy_protocol") == "/run/n.sock+proxy");
  CHECK(listens("8000-8002") == "0.0.0.0|8000 0.0.0.0|8001 0.0.0.0|8002");
  CHECK(listens("443 quic") == "");
  CHECK(listens("70000") == "");
  CHECK(listens("[::1") == "");
  const Understood none("server { }");
  CHECK(none->servers.at(0).label() == "0.0.0.0:80");
}

TEST_CASE("actions as written") {
  CHECK(written("proxy_pass http://app/x;") == "proxy_pass http://app/x");
  CHECK(action_of("proxy_pass http://APP/x;").upstream == "app");
  CHECK(action_of("proxy_pass http://other;").upstream == "");
  CHECK(written("uwsgi_pass unix:/run/x.sock;") == "uwsgi_pass unix:/run/x.sock");
  CHECK(written("grpc_pass grpc://app;") == "grpc_pass grpc://app");
  CHECK(written("return 301 https://x$request_uri;") == "return https://x$request_uri");
  CHECK(action_of("return https://x;").status == 302);
  CHECK(written("return 404; proxy_pass http://app;") == "return 404");
  CHECK(written("rewrite ^/x/(.*)$ /$1 break; proxy_pass http://app;") == "proxy_pass http://app");
  CHECK(written("rewrite ^ /y last;") == "rewrite /y");
  CHECK(written("deny all; proxy_pass http://app;") == "deny 403");
  CHECK(written("allow 10.0.0.0/8; deny all; proxy_pass http://app;") == "proxy_pass http://app");
  CHECK(written("alias /var/x/;") == "static /var/x/");
  CHECK(written("") == "static /srv");
  CHECK(written("try_files $uri @app;") == "rewrite @app");
  CHECK(written("try_files $uri =404;") == "static /srv");
  CHECK(written("stub_status;") == "other stub_status");
  const Action conditional = action_of("if ($arg_x) { return 403; } proxy_pass http://app;");
  CHECK(conditional.kind == Action::Kind::proxy_pass);
  CHECK(conditional.reason.find("nginx.conf:1) may answer instead") != std::string::npos);
}

TEST_CASE("a handler is not inherited, a root is") {
  const Understood site(
      "root /a; server { root /b; location / { proxy_pass http://127.0.0.1:1; location /s/ { } } "
      "location /c { root /c; location /c/d { } } }");
  const auto& locations = *site->servers.at(0).locations;
  CHECK(own_action(site.config, site->servers.at(0)).target == "/b");
  CHECK(locations.at(0).nested.at(0).action.kind == Action::Kind::static_);
  CHECK(locations.at(0).nested.at(0).action.target == "/b");
  CHECK(locations.at(1).nested.at(0).action.target == "/c");
}

TEST_CASE("a timeout is in force from the nearest block around") {
  const Config config = parse_text(
      "http { proxy_read_timeout 10s; server { location /a { proxy_read_timeout 1s; } location /b "
      "{ } }"
      " server { proxy_read_timeout 5s; location /c { location /c/d { } } } }");
  const Fact<Site> site = understand(config);
  const auto limit = [&](const Location& location) {
    return std::string(in_force(config, location.directive, "proxy_read_timeout")->arg(0));
  };
  CHECK(limit(site->servers.at(0).locations->at(0)) == "1s");
  CHECK(limit(site->servers.at(0).locations->at(1)) == "10s");
  CHECK(limit(site->servers.at(1).locations->at(0)) == "5s");
  CHECK(limit(site->servers.at(1).locations->at(0).nested.at(0)) == "5s");
  CHECK_FALSE(in_force(config, 0, "proxy_send_timeout"));
}

TEST_CASE("members of an upstream, or the address itself") {
  CHECK(places("proxy_pass http://app;") ==
        "10.0.0.1:80 [::1]:81+backup /run/a.sock+down name.test:82");
  CHECK(places("proxy_pass http://127.0.0.1:8000/path;") == "127.0.0.1:8000");
  CHECK(places("proxy_pass https://[::1]/;") == "[::1]:443");
  CHECK(places("proxy_pass http://unix:/run/x.sock:/uri;") == "/run/x.sock");
  CHECK(places("proxy_pass http://unix:/run/x.sock;") == "/run/x.sock");
  CHECK(places("uwsgi_pass unix:///run/x.sock;") == "/run/x.sock");
  CHECK(places("uwsgi_pass 127.0.0.1:3031;") == "127.0.0.1:3031");
  CHECK(places("grpc_pass 127.0.0.1:50051;") == "127.0.0.1:50051");
  CHECK(places("proxy_pass http://back.test;") == "back.test:80");
  CHECK(places("return 200;") == "");
  CHECK_THROWS_AS(places("proxy_pass http://$x;"), NotSeen);
  CHECK_THROWS_AS(places("proxy_pass nonsense;"), NotSeen);
}

TEST_CASE("how an upstream spreads requests, and when it gives a member up") {
  const Config config = parse_text(
      "http { upstream app { server a:1 weight=3 max_fails=0 fail_timeout=5s; server b:2; } }");
  const Fact<Site> site = understand(config);
  const auto& all = site->upstreams.all().at(0).members;
  CHECK(all.at(0).weight == 3);
  CHECK(all.at(0).max_fails == 0);
  CHECK(all.at(0).fail_timeout == "5s");
  CHECK(all.at(1).weight == 1);
  CHECK(all.at(1).max_fails == 1);
  CHECK(all.at(1).fail_timeout == "10s");
}

TEST_CASE("what is not read is not guessed") {
  const auto chosen = [](const std::string& text, const std::string& host,
                         const std::string& path) {
    const Config config = parse_files(
        {{"/etc/nginx/nginx.conf", "http {" + text + "}"}, {"/etc/nginx/no.conf", "DENIED"}});
    const Fact<Site> site = understand(config);
    const auto out = choose(config, *site, "10.0.0.1", 80, host, path);
    return out ? out->action.target : "nobody";
  };
  const std::string server =
      "server { server_name a.test; location = /e { return 200 e; } location / { return 200 s; } ";
  CHECK(chosen("include no.conf; " + server + "}", "a.test", "/") == "s");
  CHECK_THROWS_AS(chosen("include no.conf; " + server + "}", "b.test", "/"), NotSeen);
  CHECK_THROWS_AS(chosen("include no.conf;", "b.test", "/"), NotSeen);
  CHECK(chosen(server + "include no.conf; }", "a.test", "/e") == "e");
  CHECK_THROWS_AS(chosen(server + "include no.conf; }", "a.test", "/x"), NotSeen);
  CHECK_THROWS_AS(chosen(server + "location /p { include no.conf; } }", "a.test", "/p"), NotSeen);
  CHECK(chosen(server + "location /p { include no.conf; proxy_pass http://x; } }", "a.test",
               "/p") == "http://x");
  CHECK_THROWS_AS(chosen("server { server_name $hostname; } server { listen 80; }", "b", "/"),
                  NotSeen);
  CHECK(chosen("server { listen 81; }", "b", "/") == "nobody");
}

TEST_CASE("the shapes that people deploy") {
  const Config config = parse_text(
      "http { upstream app { server unix:/run/app.sock; }\n"
      "server { listen 80; server_name shop.test;\n"
      " if ($host = shop.test) { return 301 https://$host$request_uri; } return 404; }\n"
      "server { listen 443 ssl; server_name shop.test; root /srv/shop;\n"
      " if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }\n"
      " location / { try_files $uri @app; }\n"
      " location @app { proxy_pass http://app; }\n"
      " location /v { set $to http://127.0.0.1:9; proxy_pass $to; }\n"
      " location /static/ { alias /srv/static/; } } }");
  const Fact<Site> site = understand(config);
  const auto plain = choose(config, *site, "10.0.0.1", 80, "shop.test", "/");
  CHECK(plain->action.status == 301);
  CHECK(choose(config, *site, "10.0.0.1", 80, "10.0.0.1", "/")->action.status == 404);
  const auto page = choose(config, *site, "10.0.0.1", 443, "shop.test", "/cart?x=1");
  CHECK(page->action.kind == Action::Kind::proxy_pass);
  CHECK(page->action.upstream == "app");
  CHECK(page->location->pattern == "@app");
  CHECK(page->uri == "/cart");
  CHECK(page->action.reason.find("try_files") != std::string::npos);
  CHECK(page->action.reason.find("http_x_forwarded_proto") != std::string::npos);
  CHECK(members(*site, page->action).at(0).text() == "/run/app.sock");
  const auto file = choose(config, *site, "10.0.0.1", 443, "shop.test", "/static/a.css");
  CHECK(file->action.target == "/srv/static/a.css");
  const auto set = choose(config, *site, "10.0.0.1", 443, "shop.test", "/v");
  CHECK(members(*site, set->action).at(0).text() == "127.0.0.1:9");
}

TEST_CASE("running instances") {
  const auto process = [](int pid, int parent, std::vector<std::string> argv) {
    Process out;
    out.pid = pid;
    out.parent = parent;
    out.name = "nginx";
    out.argv = std::move(argv);
    out.credentials.user = pid == 10 ? "root" : "www-data";
    out.unit = "nginx.service";
    return out;
  };
  const std::vector<Process> all = {
      process(10, 1,
              {"nginx: master process /usr/sbin/nginx -g daemon on; master_process on; -c "
               "/etc/nginx/x.conf"}),
      process(11, 10, {"nginx: worker process is shutting down"}),
      process(12, 10, {"nginx: worker process"}),
      process(13, 10, {"nginx: cache manager process"}),
      process(20, 1, {"/usr/sbin/nginx", "-t"}),
      process(30, 1, {"nginx", "-p", "/srv/n", "-g", "master_process off; daemon off;"}),
      process(40, 1, {"nginx: master process nginx"})};
  const auto instances = running_instances(Partial<Process>(all));
  REQUIRE(instances.size() == 3);
  CHECK(instances[0].master == 10);
  CHECK(instances[0].workers == std::vector<int>{12});
  CHECK(instances[0].worker->user == "www-data");
  CHECK(instances[0].conf_path == "/etc/nginx/x.conf");
  CHECK(instances[0].program == "/usr/sbin/nginx");
  CHECK(instances[0].unit == "nginx.service");
  CHECK(instances[1].prefix == "/srv/n");
  CHECK(instances[1].workers == std::vector<int>{30});
  CHECK(!instances[2].worker.seen());
  CHECK(instances[2].conf_path == "");
}

TEST_CASE("what nginx says of itself") {
  const BuildOptions options = parse_build_options(
      "nginx version: nginx/1.22.1 (Ubuntu)\nconfigure arguments: --with-cc-opt='-g -O2' "
      "--prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf --user=nginx\n");
  CHECK(options.version == "1.22.1");
  CHECK(options.prefix == "/usr/share/nginx");
  CHECK(options.conf_path == "/etc/nginx/nginx.conf");
  CHECK(options.user == "nginx");
  CHECK(test_verdict("nginx: [emerg] unexpected \"}\" in /a:3\nnginx: configuration file /a test "
                     "failed\n") == "unexpected \"}\" in /a:3");
  CHECK(test_verdict("2026/11/21 03:52:05 [emerg] 3#3: unknown directive \"x\" in /a:1\n") ==
        "unknown directive \"x\" in /a:1");
  CHECK(test_verdict("nginx: [warn] x\nnginx: configuration file /a test is successful\n") == "");
}

}  // namespace hopcheck::nginx::test
