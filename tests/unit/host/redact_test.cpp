// Secrets go, everything else stays byte for byte.
#include <algorithm>

#include "host/live.h"
#include "random_text.h"
#include "test.h"

using namespace hopcheck;

namespace {

struct Pair {
  const char* before;
  const char* after;
};

}  // namespace

TEST_CASE("values of secrets are overwritten") {
  const std::vector<Pair> pairs{
      {"SECRET_KEY = 'abc\\'def'", "SECRET_KEY = '[redacted]'"},
      {"SECRET_KEY = b\"abc\"", "SECRET_KEY = b\"[redacted]\""},
      {"SECRET_KEY=\"\"\"abc\"\"\"", "SECRET_KEY=\"\"\"[redacted]\"\"\""},
      {"Environment=SECRET_KEY=abc PORT=8000", "Environment=SECRET_KEY=[redacted] PORT=8000"},
      {"Environment=\"DB_PASSWORD=a b\" \"PORT=1\"",
       "Environment=\"DB_PASSWORD=[redacted]\" \"PORT=1\""},
      {"raw_env = [\"SECRET_KEY=abc\", \"PORT=8000\"]",
       "raw_env = [\"SECRET_KEY=[redacted]\", \"PORT=8000\"]"},
      {"env API_TOKEN=abc;", "env API_TOKEN=[redacted];"},
      {"    password: hunter2", "    password: [redacted]"},
      {"password hunter2", "password [redacted]"},
      {"{\"password\": \"x\", \"user\": \"me\"}",
       "{\"password\": \"[redacted]\", \"user\": \"me\"}"},
      {"{'api_key':'x'}", "{'api_key':'[redacted]'}"},
      {"body {\\\"token\\\": \\\"abc\\\"}", "body {\\\"token\\\": \\\"[redacted]\\\"}"},
      {"os.environ.setdefault(\"SECRET_KEY\", \"abc\")",
       "os.environ.setdefault(\"SECRET_KEY\", \"[redacted]\")"},
      {"proxy_set_header Authorization \"Basic dXNlcjpwYXNz\";",
       "proxy_set_header Authorization \"[redacted]\";"},
      {"proxy_set_header X-Api-Key abc;", "proxy_set_header X-Api-Key [redacted];"},
      {"uwsgi_param DB_PASSWORD abc;", "uwsgi_param DB_PASSWORD [redacted];"},
      {"set $api_token abc;", "set $api_token [redacted];"},
      {"if ($http_x_token != \"s3cret\") {", "if ($http_x_token != \"[redacted]\") {"},
      {"if ($arg_token = abc) { return 403; }", "if ($arg_token = [redacted]) { return 403; }"},
      {"Authorization: Bearer abc.def", "Authorization: [redacted]"},
      {"header Set-Cookie: a=b; Path=/; HttpOnly", "header Set-Cookie: [redacted]"},
      {"curl -H 'Cookie: a=b; c=d' http://x", "curl -H 'Cookie: [redacted]' http://x"},
      {"GET /x?token=abc HTTP/1.1", "GET /x?token=[redacted] HTTP/1.1"},
      {"812 parent=1 -- app --password abc --port 80",
       "812 parent=1 -- app --password [redacted] --port 80"},
      {"812 parent=1 -- app --api-key=abc --port 80",
       "812 parent=1 -- app --api-key=[redacted] --port 80"},
      {"postgres://shop:pa@ss@db:5432/shop", "postgres://shop:[redacted]@db:5432/shop"},
      {"redis://:abc@localhost:6379/0", "redis://:[redacted]@localhost:6379/0"},
      {"https://ghp_0123456789abcdef@github.com/x", "https://[redacted]@github.com/x"},
      {"secure_link_secret word;", "secure_link_secret [redacted];"},
      {"AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=[redacted]"},
      {"PASSWORD := abc", "PASSWORD := [redacted]"},
      // What holds an apostrophe before it is no string that ends here.
      {"don't: token='abc'", "don't: token='[redacted]'"},
      {"if ($args ~ 'token=abc') {", "if ($args ~ 'token=[redacted]') {"},
      // Code and lists keep their brackets.
      {"local token = sign({", "local token = [redacted]{"},
      {"return { token = ngx.var.x}", "return { token = [redacted]}"},
      {"local secret = [[abc]]", "local secret = [[[redacted]]]"},
      {"more_set_headers Set-Cookie:a=b; }", "more_set_headers Set-Cookie:[redacted]; }"},
  };
  for (const Pair& pair : pairs) {
    for (const char* around : {"", "x\n", "xx\n", "xxx\n"}) {
      INFO(pair.before);
      CHECK(redact(around + std::string(pair.before) + "\nlast") ==
            around + std::string(pair.after) + "\nlast");
      CHECK(redact(redact(pair.before)) == redact(pair.before));
    }
  }
}

TEST_CASE("what the diagnosis needs stays") {
  for (const char* line : {
           "auth_basic \"Secret area\";",
           "auth_basic_user_file /etc/nginx/htpasswd;",
           "ssl_password_file /etc/keys/password.txt;",
           "ssl_session_tickets off;",
           "server_tokens off;",
           "server_tokens build;",
           "proxy_cookie_path /a /b;",
           "proxy_cookie_domain off;",
           "proxy_cookie_flags ~ secure;",
           "sticky cookie srv_id expires=1h;",
           "fastcgi_pass unix:/run/php.sock;",
           "fastcgi_pass unix:/run/secret.sock;",
           "proxy_pass http://unix:/run/secret.sock:/;",
           "proxy_pass http://token:8000;",
           "proxy_pass http://my-secret-service:8000/x;",
           "upstream token { server token:8000 max_fails=1; server secret.internal:80; }",
           "server_name token example.com;",
           "location = /password/reset { proxy_pass http://127.0.0.1:8000; }",
           "location /token { return 200; }",
           "location ~ ^/(token|secret)/ {",
           "proxy_set_header Cookie $http_cookie; proxy_set_header Host $host;",
           "proxy_set_header Authorization $http_authorization; # as it came",
           "proxy_set_header Authorization \"Bearer $token\";",
           "proxy_hide_header Set-Cookie;",
           "proxy_set_header Authorization \"\";",
           "proxy_set_header Authorization '' ; # none",
           "set $token \"\";",
           "if ($http_authorization = \"\") { return 401; }",
           "if ($http_cookie != '') { set $in 1; }",
           "if ($args ~ \"token=\") { return 403; }",
           "if ($args ~ '^a=b&token=') {",
           "rewrite ^ \"/x?token=\" last;",
           "add_header Access-Control-Allow-Headers \"Authorization, Cookie\";",
           "add_header Access-Control-Allow-Credentials true;",
           "map $http_cookie $bucket {",
           "if ($http_cookie ~* \"id=([^;]+)\") {",
           "log_format x '$remote_addr \"$http_cookie\" token=$arg_token,$status';",
           "limit_req_zone $cookie_session zone=a:10m rate=1r/s;",
           "ssl_certificate_key /etc/ssl/private/shop.key;",
           "SESSION_COOKIE_SECURE = True",
           "SESSION_COOKIE_NAME = \"shop\"",
           "SECRET_KEY = os.environ[\"SECRET_KEY\"]",
           "SECRET_KEY = os.getenv('SECRET_KEY')",
           "EnvironmentFile=/etc/shop/secret.env",
           "bind = \"unix:/run/token.sock\"",
           "7 parent=1 name=token user=secret group=secret unit=token.service state=S "
           "exe=/opt/secret -- token",
           "unix:/run/x.sock user@example.com http://a/b@c",
           "https://me@example.com/",
           "-----BEGIN CERTIFICATE-----",
           "-----BEGIN PUBLIC KEY-----",
           "user www-data;",
       }) {
    INFO(line);
    CHECK(redact(line) == line);
    CHECK(redact(std::string("\n  ") + line + "\n") == std::string("\n  ") + line + "\n");
  }
}

TEST_CASE("private keys lose their bodies") {
  const std::string line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
  const std::string key = "-----BEGIN RSA PRIVATE KEY-----\n" + line + "\n" + line +
                          "\nMzEfYyjiWA4R\n-----END RSA PRIVATE KEY-----\n";
  CHECK(redact("a\n" + key + "b\n") ==
        "a\n-----BEGIN RSA PRIVATE KEY-----\n[redacted]\n[redacted]\n[redacted]\n-----END RSA "
        "PRIVATE KEY-----\nb\n");
  const std::string one =
      redact("K=\"-----BEGIN PRIVATE KEY-----\\n" + line + "\\n-----END PRIVATE KEY-----\"");
  CHECK(one.find("MII") == std::string::npos);
  CHECK(one.find("-----END PRIVATE KEY-----\"") != std::string::npos);
  const std::string cut = redact("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" +
                                 line + "\nlisten 80;\n");
  CHECK(cut.find("MII") == std::string::npos);
  CHECK(cut.find("\nlisten 80;\n") != std::string::npos);
  const std::string journal =
      redact("Nov 21 web1 app[1]: -----BEGIN PRIVATE KEY-----\nNov 21 web1 app[1]: " + line + "\n");
  CHECK(journal.find("MII") == std::string::npos);
}

TEST_CASE("redaction keeps the lines, whatever the bytes") {
  std::mt19937 random(8);
  const std::vector<std::string> parts{
      "password", "token", "=", ":",  " ",      "\"",          "'",
      "\n",       "://",   "@", "\\", "$",      "-----BEGIN ", "PRIVATE KEY-----",
      "cookie",   "[",     "(", ",",  "secret", "\r"};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t i = random() % 12; i > 0; --i) {
      text += random() % 5 == 0 ? test::random_text(random, 2) : parts[random() % parts.size()];
    }
    const std::string out = redact(text);
    REQUIRE(std::count(out.begin(), out.end(), '\n') == std::count(text.begin(), text.end(), '\n'));
  }
}

TEST_CASE("hostile texts take no longer than their size asks") {
  // Each would take hours if a line were looked at once for every keyword in it.
  for (const char* part :
       {"token", "token ", "password=", "://a:b@", "@", "-----BEGIN PRIVATE KEY-----", " ",
        "\"token\"", "$token ", "cookie: "}) {
    std::string text(1 << 20, ' ');
    while (text.size() < (4U << 20)) text += part;
    CHECK_FALSE(redact(text).empty());
  }
}
