// A request as the load balancer or a user sends it, and what came back.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hopcheck {

struct Request {
  std::string method{"GET"};
  std::string scheme{"http"};  ///< "http", "https", "tcp" (connect only)
  std::string address{};       ///< where the connection goes: an IP address, or empty with `socket`
  int port{0};
  std::string socket{};  ///< a Unix socket instead
  std::string host{};    ///< the Host header; "": none is sent
  std::string path{"/"};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< further ones, in order
  int timeout_ms{5000};                                        ///< when we stop waiting
  std::string sent_as{};  ///< whom it imitates: a profile's name, "site", "app"

  /// "http://10.0.0.5:80/health", "unix:/run/x.sock /health"
  std::string url() const;
};

/// What came of a request.
struct Exchange {
  enum class Outcome {
    answered,
    refused,
    timed_out,
    reset,
    unreachable,
    denied,
    no_socket,
    tls_failed,
    failed
  };
  Outcome outcome{Outcome::failed};
  std::string error{};  ///< the system's or the library's words where it was not answered
  int status{0};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};     ///< its beginning
  bool connected{false};  ///< a TCP or Unix connection was made
  double connect_ms{0};
  double total_ms{0};

  bool answered() const { return outcome == Outcome::answered; }
  /// The first header of that name (any case), "" where there is none.
  std::string header(const std::string& name) const;
};

/// Who wrote an answer, judged by its body and headers.
enum class Author { nginx, app, unknown };
Author author(const Exchange& exchange);

}  // namespace hopcheck
