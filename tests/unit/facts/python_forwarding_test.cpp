// What a Python file makes of forwarded requests, through the reducer that keeps its secrets.
#include "facts/app/python_forwarding.h"
#include "host/reducers.h"
#include "test.h"

using namespace hopcheck;

namespace {

std::string reduced(const std::string& source) {
  ByteSource bytes;
  bytes.size = source.size();
  bytes.read = [&](std::uint64_t offset, char* buffer, std::size_t n) {
    return source.copy(buffer, n, offset);
  };
  return find_reducer("python-forwarding-1")(bytes, "");
}

PythonForwarding read(const std::string& source) {
  return python_forwarding("/srv/shop/shop.py", reduced(source));
}

ProxyFix only_fix(const std::string& source) {
  const auto found = read(source);
  REQUIRE(found.proxy_fixes.size() == 1);
  CHECK(found.own_ways.empty());
  return found.proxy_fixes.front();
}

}  // namespace

TEST_CASE("strings, comments and untelling lines do not leave the host") {
  const std::string text = reduced(
      "import os\nSECRET_KEY = 'hunter2'\n# request.remote_addr of bob\n"
      "key = request.remote_addr + 'hunter2'  # why\n"
      "url = f\"https://bob:{pw}@x/\"; import sys\n"
      "'''\nimport hunter2\n'''\n"
      "p = request.headers.get('X-Forwarded-Proto', \"hunter2\")\n");
  CHECK(text ==
        "1 import os\n4 key = request.remote_addr + \"...\"\n5 url = f\"...\"; import sys\n"
        "9 p = request.headers.get(\"X-Forwarded-Proto\", \"...\")\n");
}

TEST_CASE("a long file is said to be cut") {
  CHECK(reduced("x = 1\n" + std::string(300 << 10, ' ')) == "0 truncated\n");
  CHECK(read("x = 1\n" + std::string(300 << 10, ' ')).truncated);
  CHECK_FALSE(read("x = 1\n").truncated);
}

TEST_CASE("broken source is no reason to fall over") {
  CHECK(read("x = 'not closed\nremote_addr\n").asks_address.size() == 1);
  CHECK(read("app.wsgi_app = ProxyFix(app.wsgi_app, x_for=").own_ways.size() == 1);
  CHECK(read("'''").imports.empty());
}

TEST_CASE("the counts of ProxyFix") {
  const std::string import = "from werkzeug.middleware.proxy_fix import ProxyFix\n";
  const ProxyFix plain = only_fix(import + "app.wsgi_app = ProxyFix(app.wsgi_app)\n");
  CHECK(plain.x_for == 1);
  CHECK(plain.x_proto == 1);
  CHECK(plain.x_host == 0);
  CHECK(plain.text() == "ProxyFix(x_for=1, x_proto=1)");
  CHECK(plain.from.line == 2);

  const ProxyFix named = only_fix(
      "app.wsgi_app = ProxyFix(  # two\n    app.wsgi_app,\n    x_for=2,\n    x_host=True,\n)\n");
  CHECK(named.x_for == 2);
  CHECK(named.x_host == 1);
  CHECK(named.from.line == 1);

  const ProxyFix by_place = only_fix("app.wsgi_app = proxy_fix.ProxyFix(app.wsgi_app, 2, 1, 1)\n");
  CHECK(by_place.x_for == 2);
  CHECK(by_place.x_proto == 1);
  CHECK(by_place.x_host == 1);

  const ProxyFix unknown =
      only_fix("app.wsgi_app = ProxyFix(app.wsgi_app, x_for=int(os.environ['N']), x_proto=1)\n");
  CHECK_FALSE(unknown.x_for.has_value());
  CHECK(unknown.x_proto == 1);
  CHECK(unknown.text() == "ProxyFix(x_for=?, x_proto=1)");
  CHECK_FALSE(only_fix("app.wsgi_app = ProxyFix(app.wsgi_app, **counts)\n").x_proto.has_value());
}

TEST_CASE("other ways than ProxyFix are seen") {
  CHECK(read("app.wsgi_app = ReverseProxied(app.wsgi_app)\n").own_ways.size() == 1);
  CHECK(read("environ['wsgi.url_scheme'] = 'https'\n").own_ways.size() == 1);
  CHECK(read("ip = request.headers['X-Real-IP']\n").own_ways.size() == 1);
  CHECK(read("from werkzeug.middleware.proxy_fix import ProxyFix as Fix\n").own_ways.size() == 1);
  CHECK(read("from a import (\n    ProxyFix,\n)\n").own_ways.empty());
  CHECK(read("x = wsgi_app\n").own_ways.empty());
}

TEST_CASE("what is asked of a request") {
  const auto all = read(
      "a = request.remote_addr\nb = url_for('x', _external=True)\nif not request.is_secure: pass\n"
      "c = request.url_rule\nd = request.url\nlimiter = Limiter(get_remote_address, app=app)\n"
      "from flask_limiter.util import get_remote_address\n");
  CHECK(all.asks_address.size() == 2);
  REQUIRE(all.asks_scheme.size() == 3);
  CHECK(all.asks_scheme[0].line == 2);
  CHECK(all.asks_scheme[1].line == 3);
  CHECK(all.asks_scheme[2].line == 5);
  CHECK(all.asks_host.size() == 2);
  CHECK(all.own_ways.empty());
}

TEST_CASE("imports") {
  const auto found = read(
      "import os, shop.views as v\nfrom .models import User\nfrom . import api\n"
      "def f():\n    from limits import key\nfrom a.b import (\n    c,\n    d as e,\n)\n");
  CHECK(found.imports == std::vector<std::string>{"os", "shop.views", ".models", ".models.User",
                                                  ".", ".api", "limits", "limits.key", "a.b",
                                                  "a.b.c", "a.b.d"});
}
