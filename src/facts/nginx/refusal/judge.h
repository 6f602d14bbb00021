// Walks a parsed configuration as nginx's modules do, and says what they refuse.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "facts/nginx/grammar.h"
#include "facts/nginx/refusal/refusal.h"
#include "facts/nginx/refusal/url.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// What a location matches, as nginx's own record of it says.
struct Place {
  std::string_view name{};
  bool exact{false};
  bool regex{false};
  bool named{false};
  bool noname{false};  ///< an `if` or limit_except
};

/// A block that is being walked.
struct Block {
  struct Location {
    std::string_view name{};
    bool exact{false};
    std::uint32_t node{0};
  };
  std::uint32_t node{0};
  std::uint32_t end{0};
  Context context{context::main};
  std::vector<std::uint16_t> once{};  ///< words given that may be given once
  std::vector<Location> locations{};  ///< in it, but for regexes and named ones
  Place place{};                      ///< of a location, an `if` or a limit_except
  bool has_root{false};
  bool has_alias{false};
  bool has_default{false};                 ///< of a map
  bool no_backup{false};                   ///< of an upstream: its method takes none
  bool hostnames{false};                   ///< of a map
  bool ranges{false};                      ///< of a geo
  std::unordered_set<std::string> keys{};  ///< of a map
  int members{0};
};

/// An address that server blocks listen on.
struct Socket {
  bool has_options{false};
  bool ssl{false};
  std::optional<std::uint32_t> default_server{};  ///< told so
  std::uint32_t first_server{0};
  std::uint32_t last_server{0};
};

/// A node whose variables are looked at in the end.
struct Late {
  std::uint32_t node{0};
  bool in_http{false};  ///< stands in http {} itself
};

/// A place that requests are passed to: an upstream block, or a host of a pass directive.
struct Passed {
  std::string host{};
  int port{0};
  bool has_port{false};
  bool declared{false};  ///< there is a block of that name
  std::uint32_t node{0};
  Url url{};
};

class Judge {
 public:
  Judge(const Config& config, const std::vector<WordId>& words, const Lines& lines, Context context)
      : config_(config), words_(words), lines_(lines), outermost_(context) {}

  std::vector<Refusal> run();

 private:
  static constexpr std::uint32_t kAtEnd = ~std::uint32_t{0};
  static constexpr std::size_t kMostLookedAt = 200;
  using Arguments = std::span<const std::string_view>;
  using Handler = void (Judge::*)(Arguments);
  struct Entry {
    std::string_view name{};
    Context contexts{};
    Handler handler{};
  };
  static Handler handler_of(const Word& word, Context context);

  void take(std::uint32_t index);
  void take_raw(std::uint32_t index);
  void enter(std::uint32_t index);
  void leave();
  bool given_before(const Word& word);
  void refuse(std::string message);
  void refuse_at(std::uint32_t order, Problem problem);
  void refuse_at_close(std::uint32_t block, Problem problem);
  Problem problem_at(std::uint32_t node, std::string message) const;
  Block& block() { return open_[depth_]; }
  const Word& word() const { return *word_of(words_[index_]); }
  std::string quoted() const { return "\"" + std::string(word().name) + "\""; }
  /// Whether something that was not seen could hold what seems to be missing.
  bool whole() const { return config_.missing.empty(); }

  // One for each directive whose rules are its own.
  void access_log(Arguments words);
  void access_rule(Arguments words);
  void condition(Arguments words);
  void error_log(Arguments words);
  void error_page(Arguments words);
  void expires(Arguments words);
  void http_listen(Arguments words);
  void keepalive_timeout(Arguments words);
  void late_script(Arguments words);
  void location(Arguments words);
  void log_format(Arguments words);
  void define(Arguments words);
  void pass_on(Arguments words);
  void proxy_pass(Arguments words);
  void proxy_redirect(Arguments words);
  void return_(Arguments words);
  void rewrite(Arguments words);
  void root(Arguments words);
  void script(Arguments words);
  void server_name(Arguments words);
  void set(Arguments words);
  void split_path(Arguments words);
  void try_files(Arguments words);
  void upstream(Arguments words);
  void certificate(Arguments words);
  void give_zone(Arguments words);
  void use_zone(Arguments words);
  void upstream_method(Arguments words);
  void upstream_server(Arguments words);
  void worker_processes(Arguments words);

  void map_entry(std::string_view name, Arguments words);
  void map_key(std::string_view name);
  void geo_entry(std::string_view name, Arguments words);
  bool check_regex(std::string_view pattern, bool caseless);
  bool check_new_variable(std::string_view name);
  bool check_script(std::string_view text);
  bool check_listen_options(Arguments words);
  void add_socket(const std::string& key, Arguments words);
  Passed* add_passed(Url url);
  std::vector<std::size_t> passed_like(const std::string& host, int port) const;
  void index_passed(const std::string& host, std::size_t number);
  bool check_place(const Place& place);
  std::string message_of_place(std::string_view what, const Place& place) const;

  bool has_unknown(std::uint32_t block) const;

  // When all of http {} was read.
  void finish_http(std::uint32_t http);
  void leave_locations(Block& closed);
  void finish_late(std::uint32_t http);
  bool in_force(const Late& late, std::uint32_t http) const;
  void finish_keys(std::uint32_t http);
  void finish_zones(std::uint32_t http);
  void finish_upstreams(std::uint32_t http);
  void finish_tls(std::uint32_t http);
  void finish_variables(std::uint32_t http);
  void use_variable(std::string_view name);
  std::vector<std::string_view> defined_variables();
  std::string_view in_lower(std::string_view name);
  void finish();

  const Config& config_;
  const std::vector<WordId>& words_;
  const Lines& lines_;
  Context outermost_;
  std::vector<Block> open_{};  ///< blocks of former depths are kept for their memory
  std::size_t depth_{0};
  std::unordered_map<std::string_view, std::optional<std::string>> regexes_[2]{};
  std::uint32_t index_{0};
  std::vector<Refusal> refusals_{};
  Place place_{};                            ///< of the location that was met last
  std::vector<Block::Location> repeated_{};  ///< locations that are there before
  std::map<std::string, Socket, std::less<>> sockets_{};
  std::vector<Passed> passed_{};
  std::unordered_multimap<std::string, std::size_t> passed_without_port_{};
  std::unordered_map<std::string, std::unordered_map<int, std::size_t>> passed_with_port_{};
  std::unordered_map<std::string, std::size_t> first_with_port_{};
  std::set<std::string, std::less<>> log_formats_{};
  static constexpr std::size_t kRecent = 256;
  std::array<const char*, kRecent> recent_{};  ///< texts whose variables are sound
  std::vector<Late> late_{};
  std::vector<Late> zones_{};  ///< that use one
  std::set<std::string_view> given_zones_{};
  bool has_certificates_{false};
  std::unordered_set<std::string_view> used_names_{};
  std::deque<std::string> lowered_{};
  std::vector<std::pair<std::string_view, std::uint32_t>> used_{};  ///< not nginx's own, with nodes
  bool has_events_{false};
};

}  // namespace hopcheck::nginx
