// nginx's configuration as nginx reads it: a flat tree of directives, the server blocks and
// locations in it, and which of them answers a request.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/evidence.h"
#include "hopcheck/fact.h"
#include "hopcheck/lazy.h"
#include "hopcheck/process.h"

namespace hopcheck::nginx {

/// Eight bytes that say where a directive stands.
struct Origin {
  std::uint32_t file{0};  ///< index into Config::files
  std::uint32_t line{0};  ///< 1-based
};

/// A directive; the tree is flat: the children of number i are i+1 … end-1, each step by `end`.
/// There are hundreds of thousands of them.
struct Node {
  std::uint32_t first_word{0};  ///< its name; the arguments stand behind it
  std::uint32_t arguments : 31 {0};
  std::uint32_t block : 1 {0};  ///< has { }
  std::uint32_t end{0};         ///< one past its last descendant
  Origin at{};
};

class Config;

/// A light handle to one directive of a Config, which must outlive it.
class Directive {
 public:
  Directive(const Config& config, std::uint32_t index) : config_(&config), index_(index) {}

  std::string_view name() const;
  /// The words after the name.
  std::span<const std::string_view> args() const;
  /// Argument number i, "" where there are fewer.
  std::string_view arg(std::size_t i) const;
  bool is_block() const;
  std::vector<Directive> children() const;
  std::vector<Directive> children(std::string_view name) const;
  std::optional<Directive> child(std::string_view name) const;  ///< the last of that name
  /// file:line and the directive's text, as a finding cites it.
  Evidence evidence() const;
  /// "proxy_pass http://127.0.0.1:8000;", one line, at most 200 bytes.
  std::string text() const;
  std::uint32_t index() const { return index_; }
  Origin at() const;

 private:
  const Config* config_;
  std::uint32_t index_;
};

/// What stops nginx (or us) from reading a configuration further.
struct Problem {
  std::string file{};
  int line{0};
  std::string message{};  ///< in nginx's words where we know them
};

/// A parsed configuration with its includes spliced in.
class Config {
 public:
  std::string prefix{};                   ///< where relative paths (not of includes) begin
  std::vector<std::string> files{};       ///< paths in order of reading
  std::vector<Node> nodes{};              ///< in order of appearance
  std::vector<std::string_view> words{};  ///< of all nodes; those that say the same share them
  std::vector<Problem> problems{};        ///< what nginx would refuse
  std::vector<Unseen> missing{};          ///< includes that could not be read
  /// Keeps the bytes that the views point into.
  std::vector<std::shared_ptr<const std::string>> storage{};

  std::string_view name(const Node& node) const { return words[node.first_word]; }
  std::span<const std::string_view> arguments(const Node& node) const {
    return std::span(words).subspan(node.first_word + std::size_t{1}, node.arguments);
  }
  std::vector<Directive> top() const;
  Directive at(std::uint32_t index) const { return {*this, index}; }
};

/// The directive of that name in force in the block at `index`: its own, else that of the nearest
/// block around it. For directives that inherit as a whole, such as timeouts.
std::optional<Directive> in_force(const Config& config, std::uint32_t index, std::string_view name);

struct Listen {
  std::string address{};  ///< "0.0.0.0", "::", "10.0.0.5"; empty for a Unix socket
  int port{80};
  std::string path{};  ///< Unix socket
  bool default_server{false};
  bool ssl{false};
  bool http2{false};
  bool proxy_protocol{false};
  bool only_v6{true};
  Evidence from{};
};

/// Where a request ends up in nginx.
struct Action {
  enum class Kind {
    proxy_pass,
    uwsgi_pass,
    fastcgi_pass,
    grpc_pass,
    static_,
    return_,
    rewrite,     ///< a redirect that a rewrite makes
    error_page,  ///< a redirect that an error_page makes
    deny,
    other,
    unknown
  };
  Kind kind{Kind::unknown};
  std::string target{};    ///< as written: "http://unix:/run/x.sock", a file, a status
  std::string upstream{};  ///< name of the upstream block, "" for none
  int status{0};           ///< of the answer; 0: who is asked next decides it
  std::string location{};  ///< of a redirect: where it leads, "" where that is not known
  std::string sends{};     ///< of proxy_pass: the URI that the upstream gets, "" for none known
  Evidence from{};         ///< the directive
  bool sure{true};         ///< false: it may be otherwise, as `reason` says
  std::string reason{};    ///< kind unknown: what could not be decided
};

struct Location {
  enum class Match { exact, prefix, prefix_no_regex, regex, named, none };
  Match match{Match::prefix};
  std::string pattern{};
  bool case_insensitive{false};  ///< regex
  Action action{};               ///< what it does with a request, as written
  std::uint32_t directive{0};    ///< index in the Config
  Evidence from{};
  std::vector<Location> nested{};
};

struct ServerBlock {
  std::vector<Listen> listens{};
  std::vector<std::string> names{};  ///< as written; empty: none given
  Lazy<std::vector<Location>> locations{};
  std::uint32_t directive{0};
  Evidence from{};

  /// The name a person knows it by: its first server_name, or its listen address.
  std::string label() const;
};

/// One place that an upstream sends to.
struct Member {
  std::string host{};  ///< address or name; empty for a Unix socket
  int port{0};
  std::string path{};
  bool backup{false};
  bool down{false};
  int weight{1};
  int max_fails{1};                 ///< 0: failures are not counted
  std::string fail_timeout{"10s"};  ///< as written
  Evidence from{};

  std::string text() const;  ///< "127.0.0.1:8000" or "/run/x.sock"
  bool is_unix() const { return !path.empty(); }
};

struct Upstream {
  std::string name{};
  std::vector<Member> members{};
  Evidence from{};
};

/// The upstream blocks, understood when they are asked for.
class Upstreams {
 public:
  Upstreams() = default;
  /// `blocks`: their directives in a configuration that outlives it.
  explicit Upstreams(std::vector<Directive> blocks);

  const std::vector<Upstream>& all() const { return *all_; }
  /// The first of that name, whose case counts for nothing.
  std::optional<Upstream> find(std::string_view name) const;
  /// Its name as the block has it, "" for none.
  std::string name_of(std::string_view name) const;

 private:
  struct Names;
  std::shared_ptr<const Names> names_{};
  Lazy<std::vector<Upstream>> all_{};
};

/// The http block, understood; its configuration must outlive it.
struct Site {
  std::vector<ServerBlock> servers{};
  Upstreams upstreams{};
  std::string user{};  ///< of the workers; "" where the configuration sets none
  std::vector<Unseen> missing{};
};

/// An allow or deny line.
struct AccessRule {
  bool allows{false};
  std::string source{};  ///< "all", "unix:", an address or a network
  Evidence from{};
};

/// The first rule that holds for a client's address or network; null: none does, it is let in.
/// Throws NotSeen where a rule holds for a part of the network only.
const AccessRule* deciding_rule(const std::vector<AccessRule>& rules, const std::string& client);

/// What is at a path, as nginx's workers see it.
struct FileSeen {
  enum class Kind { absent, file, directory, other, unreachable };
  Kind kind{Kind::absent};
  bool readable{true};  ///< the workers may open it
};
using FileView = std::function<Fact<FileSeen>(const std::string& path)>;

struct PassEnd {
  int status{0};        ///< 0: not known
  bool gave_up{false};  ///< nothing came back: the status is nginx's own
};

/// A request as it arrives at a listening socket.
struct Asked {
  std::string address{};  ///< of the socket, or "unix:/path"
  int port{0};
  std::string host{};  ///< the Host header as sent; "": none is sent
  std::string path{};  ///< the request target as sent: "/a%20b?x=1", or "http://shop.test/a"
  /// X-Forwarded headers as sent, under lower-case names; null: not known. Where `headers` is
  /// given, that counts.
  const std::map<std::string, std::string>* forwarded{nullptr};
  std::string method{"GET"};
  std::string version{};      ///< "1.0", "1.1"; "": 1.1 where there is a Host, else 1.0
  std::string sni{};          ///< the name that the TLS handshake asked for
  std::optional<bool> tls{};  ///< nothing: what the socket expects
  /// All headers but Host, under lower-case names; nothing: not known.
  std::optional<std::map<std::string, std::string>> headers{};
  std::string client{};  ///< the client's address; "": not known
  FileView file{};       ///< empty: what files there are is not known
  /// How a pass to another server ends. Empty: not known.
  std::function<PassEnd(const Action& pass)> answered{};
  /// False: an error that nginx makes itself is the end, whatever error_page makes of it.
  bool error_pages{true};
};

/// A turn that a request takes inside nginx: a rewrite, try_files, index, an error_page.
struct Step {
  std::string text{};  ///< "try_files $uri @app; -> @app"
  std::string uri{};   ///< the request's URI from here on
  Evidence from{};     ///< the directive
};

/// Which blocks answer a request.
struct Chosen {
  const ServerBlock* server{nullptr};
  enum class By { exact, leading_wildcard, trailing_wildcard, regex, default_ };
  By server_by{By::default_};
  std::string server_name{};          ///< the name that fits, as written; "": none does
  const Location* location{nullptr};  ///< null: the server block itself
  std::string uri{};                  ///< after normalisation and internal redirects
  std::string args{};                 ///< what follows "?", likewise
  Action action{};
  std::vector<AccessRule> access{};  ///< in force where the request ends up
  std::vector<Step> steps{};         ///< what led there from the first location, in order
};

/// One nginx: its master, its workers, its configuration.
struct Instance {
  int master{0};  ///< 0: not running, or not seen to
  Fact<bool> running{true};
  std::vector<int> workers{};
  Fact<Credentials> worker{};  ///< whose rights connect to upstreams
  std::string unit{};
  std::string conf_path{};
  std::string prefix{};
  std::string program{};  ///< absolute path of the binary, "" where not known
  std::shared_ptr<const Config> config{};
  Fact<Site> site{};

  /// "nginx -t -c /srv/nginx.conf": the program with what it takes to mean this instance.
  std::string command(const std::string& options) const;
  /// Tests the configuration, then loads it into what runs, or starts it where nothing does.
  std::string load_command() const;
};

/// What a server block does where no location answers: a `return`, or files under its root.
Action own_action(const Config& config, const ServerBlock& server);

/// The listen sockets' view of a request: which server block and location answer. Throws NotSeen
/// where that depends on what is missing; returns nullopt where no listen takes the connection.
std::optional<Chosen> choose(const Config& config, const Site& site, const Asked& asked);
std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path);

/// The members that an action sends to: those of its upstream block, or the one it names.
/// Throws NotSeen for variables and the like.
std::vector<Member> members(const Site& site, const Action& action);

const char* match_name(Location::Match match);
const char* matched_by_name(Chosen::By by);
const char* action_name(Action::Kind kind);

}  // namespace hopcheck::nginx
