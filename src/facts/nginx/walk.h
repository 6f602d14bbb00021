// A request's way through nginx's phases, up to what answers it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

/// An answer that nginx makes itself: a status and its own page.
Action own_answer(int status, Evidence from, std::string reason);

class Walk {
 public:
  explicit Walk(Visit& visit) : visit_(visit), config_(*visit.config) {}

  /// `failed`: the status with which reading the request ended, else 0.
  Chosen run(int failed, const std::string& why);

 private:
  enum class Next { server, find, rewrite, access, done };
  enum class Word { none, lets_in, refuses };

  // The phases.
  void server_phase();
  void find_phase();
  void rewrite_phase();
  void access_phase();
  void content_phase();

  // Where it stands.
  void stand(std::vector<const Location*> chain);
  void apply_limit_except();
  std::uint32_t block() const { return visit_.around.back(); }
  void throw_where_blind();
  bool is_internal() const;
  bool too_large() const;
  void note_programs(std::initializer_list<std::string_view> beginnings);

  // Who may.
  void collect_access();
  Word by_address(Action& refusal);
  Word by_password(Action& refusal);

  // Files.
  bool fall_back(const Directive& try_files);
  bool guess_fall_back(const Directive& try_files);
  enum class Tried { found, missing, unknown };
  Tried try_one(std::string_view candidate, const Directive& try_files);
  std::optional<std::string> tried_uri(std::string_view text, const Base& base);
  void last_resort(const Directive& try_files);
  void files();
  enum class Indexed { done, declined, unknown };
  Indexed index();
  Indexed index_file(std::string_view name, const Evidence& from);
  bool folder_is_there(const std::string& path, std::size_t name_length);
  bool list_folder();
  void plain_file();
  void refuse_method();
  void answer_file(const FilePath& path, FileSeen seen);
  Action file_action(const std::string& path, int status);
  void unknown_file();

  // Passes and other handlers.
  void handle();
  void pass(Action action, std::string_view directive);
  bool resolve(Action& action);
  std::string sent_uri(const Action& action, bool variables);

  // Answers, and what may come of them.
  void respond(Action action);
  bool error_page(int status, const Action& failed);
  void use_error_page(const Directive& page, int status);
  void send_elsewhere(const Directive& page, std::string target, int status);
  bool has_error_page(int status);
  void redirect(std::string uri, std::string args, Step step);
  void go_named(std::string_view name, Step step);
  bool one_more_change(const Evidence& from);
  void finish(Action action);
  std::string absolute(const std::string& location);

  Visit& visit_;
  const Config& config_;
  Next next_{Next::server};
  int changes_left_{11};   ///< NGX_HTTP_MAX_URI_CHANGES and one
  bool limited_{false};    ///< limit_except is in force
  bool fell_back_{false};  ///< the URI is what try_files ended with, by guess
  bool error_page_taken_{false};
  int error_status_{0};  ///< replaces the status of what answers
  std::string redirect_to_{};
  Action action_{};
  std::vector<AccessRule> access_{};
};

}  // namespace hopcheck::nginx
