// The checks' cases: a recorded host, what is changed on it, and what the check must say.
//
//   == the socket's directory is closed to nginx
//   on debian12-unix                       (tests/hosts/debian12-unix.hop; "nothing": an empty
//   recording) set lb.port 8080 config /etc/hopcheck.toml:5
//   -- walk /run/shop/gunicorn.sock        (this answer instead of the recorded one)
//     /run directory 0755 root:root
//   edit read /etc/nginx/sites-enabled/shop       (the recorded answer, changed)
//     ~ gunicorn.sock => other.sock        (every OLD => NEW)
//     - listen [::]                        (without the lines that begin so)
//     + # a line more
//   -- request GET http://10.99.0.2:80/health *    (a star at the end: all recorded keys that begin
//   so) unseen timed_out "no answer"
//   => fail socket.directory-not-traversable      (or: warn CODE, pass, skip)
//      cites /etc/nginx/sites-enabled/shop:12
//      says /run/shop is 0700
//      about socket:/run/shop/gunicorn.sock
//      fix chmod 0755 /run/shop
//      root of the diagnosis
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "diagnosis/diagnose.h"
#include "diagnosis/runner.h"
#include "host/bundle.h"

namespace hopcheck::test {

struct Case {
  std::string check{};  ///< "socket.access"
  std::string place{};  ///< "checks/socket/access.cases:12"
  std::string title{};
  Bundle host{};  ///< the recorded host with the case's changes
  std::string status{};
  std::vector<std::string> codes{};
  std::vector<std::pair<std::string, std::string>> expected{};  ///< "cites", "/etc/x:12"
};

/// The cases of one check's file; throws std::runtime_error naming file and line.
std::vector<Case> read_cases(const RegisteredCheck& check);
/// Of all checks, read once.
const std::vector<Case>& all_cases();

/// tests/hosts/NAME.hop
Bundle recorded_host(const std::string& name);
std::vector<std::string> recorded_hosts();

/// A whole run over a recording, with the recording's own settings.
Report diagnose_bundle(const Bundle& bundle);
/// One check over a recording; `asked`: the keys of what it asked.
CheckResult run_over(const std::string& check, const Bundle& bundle,
                     std::vector<std::string>* asked = nullptr);

std::string read_source(const std::string& path);

}  // namespace hopcheck::test
