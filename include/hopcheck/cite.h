// Evidence made from what was seen: the words in which findings cite facts.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/evidence.h"
#include "hopcheck/http.h"
#include "hopcheck/path.h"
#include "hopcheck/process.h"
#include "hopcheck/settings.h"
#include "hopcheck/unit.h"

namespace hopcheck {

/// "listening sockets | 0.0.0.0:8000 (pid 812)"
Evidence cite(const Listener& listener);
/// "listening sockets | nobody listens on 127.0.0.1:8001"
Evidence cite_no_listener(const std::string& where);
/// "stat /run/shop | directory 0700 shop:shop"
Evidence cite(const PathStep& step);
/// "GET http://10.0.0.5:80/health | 502 in 1 ms"
Evidence cite(const Request& request, const Exchange& exchange);
/// "systemctl show shop.service | failed (exit-code), exited with status 3"
Evidence cite(const Unit& unit, const UnitState& state);
/// A line of a log or journal; others can write it.
Evidence cite_log(const std::string& source, const std::string& line);

/// The line of a log that names the reason: the last exception, else the last error; the number of
/// lines where there is neither.
std::size_t telling_line(const std::vector<std::string>& lines);
/// The last line that is an exception ("ModuleNotFoundError: No module named 'x'"), likewise.
std::size_t exception_line(const std::vector<std::string>& lines);

/// Where a setting of the load balancer is known from: "/etc/hopcheck.toml:9 | path = "/health"".
template <class T>
Evidence cite(const std::string& name, const Setting<T>& setting, const std::string& value);
Evidence cite_setting(const std::string& name, const std::string& value, From from,
                      const std::string& source);

template <class T>
Evidence cite(const std::string& name, const Setting<T>& setting, const std::string& value) {
  return cite_setting(name, value, setting.from, setting.source);
}

/// "refused", "no answer in 1 s", "502 in 1 ms": an exchange in a few words.
std::string describe(const Exchange& exchange);

}  // namespace hopcheck
