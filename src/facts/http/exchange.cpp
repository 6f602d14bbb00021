// Requests and answers: their text, their headers, and who wrote an answer.
#include <algorithm>
#include <array>
#include <string_view>

#include "hopcheck/http.h"
#include "hopcheck/process.h"

namespace hopcheck {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool starts_with_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && same_name(text.substr(0, start.size()), start);
}

// nginx and its forks sign the foot of every page they make themselves.
bool signed_by_nginx(std::string_view body) {
  static constexpr std::array<std::string_view, 5> names{"nginx", "openresty", "angie", "freenginx",
                                                         "tengine"};
  if (!starts_with_any_case(body, "<html>")) return false;
  static constexpr std::string_view foot = "<hr><center>";
  const auto at = body.find(foot);
  if (at == std::string_view::npos || at == 0 || body[at - 1] != '\n') return false;
  const std::string_view name = body.substr(at + foot.size());
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view known) { return starts_with_any_case(name, known); });
}

// gunicorn's page: "<html>\n  <head>\n    <title>Bad Request</title>\n … <h1><p>Bad
// Request</p></h1>".
bool by_gunicorn(std::string_view body) {
  const std::string_view head = body.substr(0, 600);
  return head.find("<title>") != std::string_view::npos &&
         head.find("<h1><p>") != std::string_view::npos;
}

bool by_werkzeug(std::string_view body) {
  return starts_with_any_case(body, "<!doctype html>\n<html lang=en>\n<title>") ||
         starts_with_any_case(body, "<!doctype html>\r\n<html lang=en>\r\n<title>") ||
         // Werkzeug before 2.1
         starts_with_any_case(body,
                              "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>");
}

bool by_app_server_header(std::string_view server) {
  static constexpr std::array<std::string_view, 7> names{
      "gunicorn", "werkzeug", "uvicorn", "waitress", "hypercorn", "daphne", "uwsgi"};
  return std::any_of(names.begin(), names.end(), [server](std::string_view name) {
    return starts_with_any_case(server, name);
  });
}

}  // namespace

std::string Request::url() const {
  if (!socket.empty()) return "unix:" + socket + " " + path;
  const std::string base = scheme + "://" + address_text(address, port);
  return scheme == "tcp" ? base : base + path;
}

std::string Exchange::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

Author author(const Exchange& exchange) {
  if (!exchange.answered()) return Author::unknown;
  if (signed_by_nginx(exchange.body)) return Author::nginx;
  // nginx puts its own name over the app's, so an app server's name is the app server's.
  if (by_app_server_header(exchange.header("Server"))) return Author::app;
  if (by_gunicorn(exchange.body) || by_werkzeug(exchange.body)) return Author::app;
  // uWSGI without an application, and uvicorn after an exception; nginx's own 500 has a page.
  if (exchange.status == 500 && exchange.body == "Internal Server Error") return Author::app;
  return Author::unknown;
}

}  // namespace hopcheck
