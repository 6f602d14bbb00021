// One HTTP exchange, sent as a load balancer or a user sends it.
#include "host/live/request.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>

#include <curl/curl.h>
#include <strings.h>

#include "host/certificate_text.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr std::size_t body_cap = 8192;
constexpr std::size_t headers_cap = std::size_t{256} << 10;

using Outcome = Exchange::Outcome;
using Easy = std::unique_ptr<CURL, void (*)(CURL*)>;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

// What the callbacks gather.
struct Received {
  Exchange exchange{};
  std::size_t header_bytes{0};
  bool enough{false};
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return std::string(text);
}

bool same_name(const std::string& a, const std::string& b) {
  return strcasecmp(a.c_str(), b.c_str()) == 0;
}

bool is_secret(const std::string& name) {
  constexpr std::array<const char*, 7> names{"set-cookie",         "cookie",       "authorization",
                                             "x-auth-token",       "x-csrf-token", "x-api-key",
                                             "authentication-info"};
  return std::any_of(names.begin(), names.end(),
                     [&](const char* secret) { return same_name(name, secret); });
}

std::size_t take_header(const char* data, std::size_t, std::size_t size, void* user) {
  auto& received = *static_cast<Received*>(user);
  received.header_bytes += size;
  if (received.header_bytes > headers_cap) return 0;
  const std::string_view line(data, size);
  auto& headers = received.exchange.headers;
  // A new status line begins after an interim answer (100, 103).
  if (starts_with(line, "HTTP/")) headers.clear();
  const std::size_t colon = line.find(':');
  if (starts_with(line, "HTTP/") || colon == line.npos || colon == 0) return size;
  std::string name = trimmed(line.substr(0, colon));
  std::string value = is_secret(name) ? "[redacted]" : trimmed(line.substr(colon + 1));
  headers.emplace_back(std::move(name), std::move(value));
  return size;
}

std::size_t take_body(const char* data, std::size_t, std::size_t size, void* user) {
  auto& received = *static_cast<Received*>(user);
  std::string& body = received.exchange.body;
  const std::size_t room = body_cap - body.size();
  body.append(data, std::min(size, room));
  received.enough = size > room;
  return received.enough ? 0 : size;
}

bool is_sendable(const Request& request) {
  const auto plain = [](const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  };
  const std::string_view scheme = request.scheme;
  if (scheme != "http" && scheme != "https" && scheme != "tcp") return false;
  if (request.address.empty() && request.socket.empty()) return false;
  if (request.address.find_first_of("/?#@[] ") != std::string::npos) return false;
  return plain(request.method) && plain(request.address) && plain(request.socket) &&
         plain(request.host) && plain(request.path) &&
         request.path.find(' ') == std::string::npos &&
         request.method.find(' ') == std::string::npos && !request.method.empty() &&
         std::all_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
           return !header.first.empty() && header.first.find_first_of(":; ") == std::string::npos &&
                  plain(header.first) && plain(header.second);
         });
}

// A name that stands in the URL of a TLS request, so that it is what the server is asked for.
bool is_server_name(const std::string& host) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  return !host.empty() && host.find_first_not_of(plain) == host.npos &&
         host.find_first_not_of("0123456789.") != host.npos;
}

std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

List make_headers(const Request& request) {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  // "Name:" sends none, "Name;" an empty one.
  add(request.host.empty() ? "Host:" : "Host: " + request.host);
  const auto given = [&](const char* name) {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [&](const auto& header) { return same_name(header.first, name); });
  };
  for (const char* name : {"Accept", "User-Agent"}) {
    if (!given(name)) add(std::string(name) + ":");
  }
  for (const auto& [name, value] : request.headers) {
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  return {list, curl_slist_free_all};
}

void set_target(CURL* easy, const Request& request, List& connect_to) {
  const bool tls = request.scheme == "https";
  const std::string scheme = tls ? "https" : "http";
  const std::string port = std::to_string(request.port);
  std::string name = request.socket.empty() ? bracketed(request.address) : "localhost";
  if (tls && is_server_name(request.host)) {
    const std::string to = request.host + ":" + port + ":" + name + ":" + port;
    if (request.socket.empty()) connect_to.reset(curl_slist_append(nullptr, to.c_str()));
    name = request.host;
  }
  const std::string url = scheme + "://" + name + (request.socket.empty() ? ":" + port : "") + "/";
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  if (connect_to) curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
  if (!request.socket.empty()) {
    const bool abstract = request.socket.front() == '@';
    curl_easy_setopt(easy, abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH,
                     request.socket.c_str() + (abstract ? 1 : 0));
  }
  if (request.scheme == "tcp") curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  if (request.path != "/") curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, request.path.c_str());
}

/// A connection that never leaves this host is there at once: what takes longer was dropped, or
/// stands in a full queue, whose second try comes after a second.
constexpr int kConnectHereMs = 2000;

void set_options(CURL* easy, const Request& request, int limit_ms, Received& received) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, long{limit_ms});
  const int connect_ms = request.sent_as == "app" ? std::min(limit_ms, kConnectHereMs) : limit_ms;
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, long{connect_ms});
  // A load balancer takes any certificate, and what a user trusts this host does not know.
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &received);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &received);
}

// curl_easy_perform would notice an interruption only once a second.
CURLcode perform(CURL* easy, const Deadline& deadline) {
  const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi(curl_multi_init(), curl_multi_cleanup);
  if (!multi) return CURLE_OUT_OF_MEMORY;
  curl_multi_add_handle(multi.get(), easy);
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; running > 0 && !deadline.passed();) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) break;
    if (running == 0) break;
    curl_waitfd wake{deadline.wake_fd(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi.get(), &wake, 1, std::min(deadline.left_ms(), 1000), nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl_multi_remove_handle(multi.get(), easy);
  return code;
}

Outcome outcome_of_errno(long error) {
  switch (error) {
    case ECONNREFUSED:
      return Outcome::refused;
    case EACCES:
    case EPERM:
      return Outcome::denied;
    case ENOENT:
      return Outcome::no_socket;
    case ETIMEDOUT:
      return Outcome::timed_out;
    case ECONNRESET:
    case EPIPE:
      return Outcome::reset;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Outcome::unreachable;
    default:
      return Outcome::failed;
  }
}

bool is_tls_error(CURLcode code) {
  constexpr std::array<CURLcode, 9> codes{
      CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER,        CURLE_SSL_CACERT_BADFILE,       CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_CLIENTCERT,    CURLE_SSL_INVALIDCERTSTATUS,    CURLE_SSL_ENGINE_INITFAILED};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

void judge(CURLcode code, long error, const std::string& words, bool connect_only,
           Received& received) {
  Exchange& exchange = received.exchange;
  const bool capped = code == CURLE_WRITE_ERROR && received.enough;
  if ((code == CURLE_OK || capped) && (exchange.status > 0 || connect_only)) {
    exchange.outcome = Outcome::answered;
    return;
  }
  exchange.error = error != 0 ? error_text(static_cast<int>(error)) : words;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    exchange.outcome = Outcome::timed_out;
    exchange.error = words;
  } else if (is_tls_error(code)) {
    exchange.outcome = Outcome::tls_failed;
    exchange.error = words;
  } else if (code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE) {
    exchange.outcome = Outcome::reset;
    exchange.error = words;
  } else if (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) {
    exchange.outcome = Outcome::reset;
  } else if (code == CURLE_COULDNT_CONNECT) {
    exchange.outcome = outcome_of_errno(error);
  } else {
    exchange.outcome = Outcome::failed;
    exchange.error = words;
  }
}

void measure(CURL* easy, Exchange& exchange) {
  curl_off_t connect = 0;
  curl_off_t total = 0;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  exchange.connected = connect > 0;
  exchange.connect_ms = static_cast<double>(connect) / 1000;
  exchange.total_ms = static_cast<double>(total) / 1000;
  exchange.status = static_cast<int>(std::clamp(status, 0L, 999L));
}

// Two requests at once would queue at an app with a single worker, and make the slowness that is
// measured.
class Turn {
 public:
  explicit Turn(const Deadline& deadline) : lock_(mutex(), std::defer_lock) {
    while (!deadline.passed() && !lock_.try_lock_for(std::chrono::milliseconds(20))) {
    }
  }

 private:
  static std::timed_mutex& mutex() {
    static std::timed_mutex one;
    return one;
  }
  std::unique_lock<std::timed_mutex> lock_;
};

Easy make_easy() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  return {initialised == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup};
}

Answer send(const Request& request, int limit_ms, const Deadline& deadline) {
  const Easy easy = make_easy();
  if (!easy) return Answer::unseen({Unseen::Why::failed, "libcurl does not start", ""});
  Received received;
  std::array<char, CURL_ERROR_SIZE> words{};
  List connect_to(nullptr, curl_slist_free_all);
  const List headers = make_headers(request);
  set_options(easy.get(), request, limit_ms, received);
  set_target(easy.get(), request, connect_to);
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, words.data());
  const CURLcode code = perform(easy.get(), deadline);
  long error = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &error);
  measure(easy.get(), received.exchange);
  // What the run's own end cut short says nothing about the answer.
  const bool cut = code == CURLE_ABORTED_BY_CALLBACK ||
                   (code == CURLE_OPERATION_TIMEDOUT && limit_ms < request.timeout_ms);
  if (cut) return timed_out("the answer to a request: the run's time was over");
  judge(code, error, words[0] != '\0' ? words.data() : curl_easy_strerror(code),
        request.scheme == "tcp", received);
  return Answer::present(encode_exchange(received.exchange));
}

}  // namespace

Answer request(const Request& request, const Deadline& deadline) {
  if (!is_sendable(request)) {
    return Answer::unseen({Unseen::Why::failed, "a request that cannot be sent as it stands", ""});
  }
  const Turn turn(deadline);
  const int limit_ms = std::min(request.timeout_ms, deadline.left_ms());
  if (deadline.passed()) return timed_out("no request was sent: the run's time was over");
  return send(request, std::max(limit_ms, 1), deadline);
}

Answer handshake(const Request& request, const Deadline& deadline) {
  constexpr int limit_ms = 3000;
  if (!is_sendable(request)) {
    return Answer::unseen({Unseen::Why::failed, "a server name that cannot be asked for", ""});
  }
  const Easy easy = make_easy();
  if (!easy) return Answer::unseen({Unseen::Why::failed, "libcurl does not start", ""});
  Received received;
  List connect_to(nullptr, curl_slist_free_all);
  set_options(easy.get(), request, std::max(limited(&deadline, limit_ms), 1), received);
  set_target(easy.get(), request, connect_to);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CERTINFO, 1L);
  const CURLcode code = perform(easy.get(), deadline);
  if (code != CURLE_OK) {
    const std::string what = "the certificate shown on " + bracketed(request.address) + ":" +
                             std::to_string(request.port) + ": " + curl_easy_strerror(code);
    return Answer::unseen({Unseen::Why::failed, what, ""});
  }
  curl_certinfo* shown = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_CERTINFO, &shown);
  std::string pem;
  for (int i = 0; shown != nullptr && i < shown->num_of_certs; ++i) {
    for (const curl_slist* field = shown->certinfo[i]; field != nullptr; field = field->next) {
      if (starts_with(field->data, "Cert:")) pem += std::string(field->data + 5) + "\n";
    }
  }
  return Answer::present(encode_certificates(certificates_of(pem)));
}

Answer sample(const Request& one, int count, const Deadline& deadline) {
  std::vector<Measurement> sample;
  for (int i = 0; i < count; ++i) {
    const Answer answer = request(one, deadline);
    if (answer.status != Answer::Status::present) return answer;
    const Exchange exchange = decode_exchange(answer.text);
    sample.push_back({exchange.outcome, exchange.status, exchange.total_ms});
    if (!exchange.answered()) break;
  }
  return Answer::present(encode_sample(sample));
}

}  // namespace hopcheck::live
