// Recorded answers as one readable text: bundles from tickets, fixture hosts and test cases.
//
//   hopcheck-bundle/1
//   by hopcheck 0.1.0
//   -- read /etc/nginx/nginx.conf
//     user www-data;
//   -- read /etc/gone
//   absent
//   -- read /etc/shadow
//   unseen denied needs=root "open: Permission denied"
//   -- listeners
//   missing denied needs=root "owners of 3 sockets"
//   truncated at 1048576 bytes
//     tcp 0.0.0.0:80 queue=0/511 pids=?
//   end 4 answers
//
// Every line of an answer's text is indented by two spaces, so that none can pass for a header;
// a backslash is doubled, and what is not printable UTF-8 stands as \xNN; a text that does not
// end in a line break is followed by the line "no line break at end".
#pragma once

#include <map>
#include <string>

#include "host/host.h"

namespace hopcheck {

/// Answers by the key of their question.
struct Bundle {
  std::string by{};  ///< the program and version that wrote it
  std::map<std::string, Answer> answers{};
};

std::string write_bundle(const Bundle& bundle);
/// Throws UsageError with file:line where the text is no bundle or is cut short.
Bundle read_bundle(const std::string& name, const std::string& text);

/// Reads the answers' part alone (no header, no end): lines from `line` on, until a line that
/// is neither indented nor an answer's own. Returns the number of the line after. For cases.
std::size_t read_answers(const std::string& name, const std::vector<std::string>& lines,
                         std::size_t line, Bundle& into);
/// One answer as its lines stand in a bundle.
std::string write_answer(const std::string& key, const Answer& answer);

/// Text with everything that could act on a terminal, or is not UTF-8, escaped as \xNN.
/// Line breaks are kept where `keep_lines`.
std::string printable(std::string_view text, bool keep_lines = false);

/// A host that is a recording. What was not recorded is unseen (not_captured).
class BundleHost : public Host {
 public:
  explicit BundleHost(Bundle bundle) : bundle_(std::move(bundle)) {}
  Answer ask(const Question& question) override;

 private:
  Bundle bundle_;
};

}  // namespace hopcheck
