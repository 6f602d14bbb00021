// Requests to a small server that behaves, and misbehaves, in every way.
#include <atomic>
#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "folder.h"
#include "host/live.h"
#include "host/tables.h"
#include "test.h"

using namespace hopcheck;

namespace {

using Outcome = Exchange::Outcome;

// Answers connections in its thread, one after the other, until it is destroyed.
class Server {
 public:
  using Serve = std::function<void(int connection, const std::string& request)>;

  explicit Server(Serve serve) : serve_(std::move(serve)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    start(reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Server(const std::string& path, Serve serve) : serve_(std::move(serve)) {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    start(reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Server() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  int port() const { return port_; }

 private:
  void start(sockaddr* address, socklen_t size) {
    if (bind(fd_, address, size) != 0 || listen(fd_, 8) != 0) std::abort();
    thread_ = std::thread([this] {
      for (int connection = 0; (connection = accept(fd_, nullptr, nullptr)) >= 0;
           close(connection)) {
        char buffer[4096];
        std::string request;
        while (request.find("\r\n\r\n") == std::string::npos) {
          const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
          if (got <= 0) break;
          request.append(buffer, static_cast<std::size_t>(got));
          constexpr char tls_handshake = 0x16;
          if (request[0] == tls_handshake) break;
        }
        if (!request.empty()) serve_(connection, request);
      }
    });
  }

  Serve serve_;
  int fd_{-1};
  int port_{0};
  std::thread thread_{};
};

void say(int connection, const std::string& text) {
  send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

// Until the other side has had enough.
void wait_for_close(int connection) {
  pollfd polled{connection, POLLIN, 0};
  poll(&polled, 1, 10000);
}

Request to(int port, const std::string& path = "/") {
  Request request;
  request.address = "127.0.0.1";
  request.port = port;
  request.path = path;
  request.timeout_ms = 5000;
  return request;
}

Answer ask_live(const Request& request, LiveOptions options = {}) {
  Deadline deadline(20000);
  return make_live_host(deadline, options)->ask(ask::request(request));
}

Exchange exchange(const Request& request) {
  return decode_exchange(ask_live(request).text);
}

}  // namespace

TEST_CASE("a request goes out as it was written") {
  std::string seen;
  const Server server([&](int connection, const std::string& request) {
    seen = request;
    say(connection,
        "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: id=secret\r\nContent-Length: 3\r\n\r\nyes");
  });
  Request request = to(server.port(), "/a/../b?x=%2f#y");
  const Exchange answer = exchange(request);
  CHECK(seen == "GET /a/../b?x=%2f#y HTTP/1.1\r\n\r\n");
  CHECK(answer.outcome == Outcome::answered);
  CHECK(answer.status == 200);
  CHECK(answer.body == "yes");
  CHECK(answer.connected);
  CHECK(answer.headers.size() == 3);
  CHECK(answer.headers.at(1) == std::pair<std::string, std::string>{"Set-Cookie", "[redacted]"});

  request = to(server.port());
  request.method = "OPTIONS";
  request.host = "shop.example.com";
  request.headers = {{"User-Agent", "ELB-HealthChecker/2.0"}, {"X-Empty", ""}};
  exchange(request);
  CHECK(seen ==
        "OPTIONS / HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: "
        "ELB-HealthChecker/2.0\r\nX-Empty:\r\n\r\n");
}

TEST_CASE("a head has no body") {
  const Server server([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  Request request = to(server.port());
  request.method = "HEAD";
  CHECK(exchange(request).status == 204);
}

TEST_CASE("interim answers do not count") {
  const Server server([](int connection, const std::string&) {
    say(connection,
        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 302 Found\r\nLocation: "
        "/x\r\nContent-Length: 0\r\n\r\n");
  });
  const Exchange answer = exchange(to(server.port()));
  CHECK(answer.status == 302);
  CHECK(answer.headers.at(0).first == "Location");
}

TEST_CASE("refused, and no socket there") {
  int port = 0;
  {
    const Server gone([](int, const std::string&) {});
    port = gone.port();
  }
  const Exchange refused = exchange(to(port));
  CHECK(refused.outcome == Outcome::refused);
  CHECK(refused.error == "Connection refused");
  CHECK_FALSE(refused.connected);
  Request request;
  request.socket = "/nonexistent/x.sock";
  const Exchange none = exchange(request);
  CHECK(none.outcome == Outcome::no_socket);
  CHECK_FALSE(none.connected);
}

TEST_CASE("a Unix socket answers, or refuses when its owner is gone") {
  const test::Folder folder;
  Request request;
  request.socket = folder / "app:1.sock";
  request.host = "shop";
  request.path = "/health";
  {
    std::string seen;
    const Server server(request.socket, [&](int connection, const std::string& text) {
      seen = text;
      say(connection, "HTTP/1.0 503 No\r\n\r\n");
    });
    const Exchange answer = exchange(request);
    CHECK(answer.status == 503);
    CHECK(answer.connected);
    CHECK(seen == "GET /health HTTP/1.1\r\nHost: shop\r\n\r\n");
  }
  CHECK(exchange(request).outcome == Outcome::refused);
}

TEST_CASE("silence is a timeout with a connection") {
  const Server server([](int connection, const std::string&) { wait_for_close(connection); });
  Request request = to(server.port());
  request.timeout_ms = 200;
  const Exchange answer = exchange(request);
  CHECK(answer.outcome == Outcome::timed_out);
  CHECK(answer.connected);
  CHECK(answer.status == 0);
}

TEST_CASE("a sample asks again and again, until nothing comes") {
  std::atomic<int> asked{0};
  const Server server([&](int connection, const std::string&) {
    if (++asked < 3) return say(connection, "HTTP/1.1 204 No Content\r\n\r\n");
    wait_for_close(connection);
  });
  Request request = to(server.port());
  request.timeout_ms = 200;
  Deadline deadline(20000);
  const auto sample =
      decode_sample(make_live_host(deadline, {})->ask(ask::sample(request, 5)).text);
  REQUIRE(sample.size() == 3);
  CHECK(sample[1].status == 204);
  CHECK(sample[2].outcome == Outcome::timed_out);
  CHECK(asked == 3);
  LiveOptions none;
  none.requests = false;
  CHECK(make_live_host(deadline, none)->ask(ask::sample(request, 5)).why.why ==
        Unseen::Why::switched_off);
}

TEST_CASE("silence after the headers keeps the status") {
  const Server server([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    wait_for_close(connection);
  });
  Request request = to(server.port());
  request.timeout_ms = 200;
  const Exchange answer = exchange(request);
  CHECK(answer.outcome == Outcome::timed_out);
  CHECK(answer.status == 200);
  CHECK(answer.body == "abc");
}

TEST_CASE("a closed or reset connection is a reset") {
  const Server closing([](int, const std::string&) {});
  const Exchange closed = exchange(to(closing.port()));
  CHECK(closed.outcome == Outcome::reset);
  CHECK(closed.connected);
  const Server resetting([](int connection, const std::string&) {
    const linger now{1, 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  const Exchange reset = exchange(to(resetting.port()));
  CHECK(reset.outcome == Outcome::reset);
  CHECK(reset.error == "Connection reset by peer");
  const Server cutting([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  CHECK(exchange(to(cutting.port())).outcome == Outcome::reset);
}

TEST_CASE("what is no HTTP fails in words") {
  const Server server([](int connection, const std::string&) { say(connection, "SSH-2.0-x\r\n"); });
  const Exchange answer = exchange(to(server.port()));
  CHECK(answer.outcome == Outcome::failed);
  CHECK_FALSE(answer.error.empty());
  CHECK(answer.connected);
  Request request = to(server.port());
  request.scheme = "https";
  CHECK(exchange(request).outcome == Outcome::tls_failed);
}

TEST_CASE("endless answers are cut") {
  const Server body([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(65536, 'x');
    while (send(connection, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const Exchange answer = exchange(to(body.port()));
  CHECK(answer.outcome == Outcome::answered);
  CHECK(answer.body.size() == 8192);
  const Server headers([](int connection, const std::string&) {
    say(connection, "HTTP/1.1 200 OK\r\n");
    const std::string line = "X-A: " + std::string(1000, 'x') + "\r\n";
    while (send(connection, line.data(), line.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  CHECK(exchange(to(headers.port())).outcome == Outcome::failed);
}

TEST_CASE("a connection alone") {
  const Server server([](int, const std::string&) {});
  Request request = to(server.port());
  request.scheme = "tcp";
  const Exchange answer = exchange(request);
  CHECK(answer.answered());
  CHECK(answer.connected);
  CHECK(answer.status == 0);
}

TEST_CASE("no request where none is wanted, or where it would carry more than one") {
  int requests = 0;
  const Server server([&](int connection, const std::string&) {
    ++requests;
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const Answer off = ask_live(to(server.port()), LiveOptions{false});
  CHECK(off.why == Unseen{Unseen::Why::switched_off, "--probe none", ""});
  Request request = to(server.port());
  request.host = "a\r\nX-Evil: 1";
  CHECK(ask_live(request).why.why == Unseen::Why::failed);
  request = to(server.port(), "/ HTTP/1.1\r\nX-Evil: 1");
  CHECK(ask_live(request).why.why == Unseen::Why::failed);
  request = to(server.port());
  request.address = "127.0.0.1@10.0.0.1";
  CHECK(ask_live(request).why.why == Unseen::Why::failed);
  CHECK(requests == 0);
}

TEST_CASE("the run's own end is no timeout of the server") {
  const Server server([](int connection, const std::string&) { wait_for_close(connection); });
  const Question question = ask::request(to(server.port()));
  Deadline soon(150);
  const Answer over = make_live_host(soon)->ask(question);
  CHECK(over.status == Answer::Status::unseen);
  CHECK(over.why.why == Unseen::Why::timed_out);
  Deadline deadline(20000);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    deadline.interrupt();
  });
  CHECK(make_live_host(deadline)->ask(question).why.why == Unseen::Why::timed_out);
  other.join();
}
