// Requests and answers: who wrote an error page.
#include "hopcheck/http.h"
#include "test.h"

namespace {

using namespace hopcheck;

Exchange answer(int status, const std::string& body, const std::string& server = "") {
  Exchange exchange;
  exchange.outcome = Exchange::Outcome::answered;
  exchange.status = status;
  exchange.body = body;
  if (!server.empty()) exchange.headers = {{"Server", server}};
  return exchange;
}

const char* const nginx_page =
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    "Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n";
const char* const gunicorn_page =
    "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n"
    "    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n";
const char* const flask_page =
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The "
    "requested URL…</p>\n";

}  // namespace

TEST_CASE("error pages are known by their author") {
  CHECK(author(answer(502, nginx_page, "nginx")) == Author::nginx);
  CHECK(author(answer(502,
                      "<html>\n<head><title>502</title></head>\n<body "
                      "bgcolor=\"white\">\n<hr><center>openresty</center>\n")) == Author::nginx);
  CHECK(author(answer(500, gunicorn_page, "nginx/1.22.1")) == Author::app);
  CHECK(author(answer(404, flask_page, "nginx/1.22.1")) == Author::app);
  CHECK(author(answer(500, "Internal Server Error", "nginx")) == Author::app);
  CHECK(author(answer(200, "ok", "gunicorn")) == Author::app);
  CHECK(author(answer(200, "ok", "Werkzeug/2.2.2 Python/3.11.2")) == Author::app);
}

TEST_CASE("what nobody signed has no author") {
  CHECK(author(answer(200, "ok", "nginx/1.22.1")) == Author::unknown);
  CHECK(author(answer(404, "")) == Author::unknown);
  CHECK(author(answer(502,
                      "<html>\r\n<head><title>502</title></head>\r\n<center><h1>502 Bad "
                      "Gateway</h1></center>\r\n",
                      "awselb/2.0")) == Author::unknown);
  CHECK(author(answer(200, "a page that quotes <hr><center>nginx</center>")) == Author::unknown);
  Exchange refused = answer(0, nginx_page);
  refused.outcome = Exchange::Outcome::refused;
  CHECK(author(refused) == Author::unknown);
}

TEST_CASE("headers go by any case, the first counts") {
  Exchange exchange = answer(301, "");
  exchange.headers = {{"LOCATION", "http://a/"}, {"location", "http://b/"}};
  CHECK(exchange.header("Location") == "http://a/");
  CHECK(exchange.header("Loc").empty());
}

TEST_CASE("a request's address as text") {
  Request request;
  request.address = "10.0.0.5";
  request.port = 80;
  request.path = "/health";
  CHECK(request.url() == "http://10.0.0.5:80/health");
  request.address = "::1";
  request.scheme = "https";
  CHECK(request.url() == "https://[::1]:80/health");
  request.scheme = "tcp";
  CHECK(request.url() == "tcp://[::1]:80");
  request.socket = "/run/x.sock";
  CHECK(request.url() == "unix:/run/x.sock /health");
}
