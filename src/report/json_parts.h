// What the JSON reports share.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "hopcheck/finding.h"
#include "report/report.h"

namespace hopcheck {

using Json = nlohmann::ordered_json;

/// Whole milliseconds, or tenths below ten: more would be noise.
Json rounded(double ms);
Json text_or_null(const std::string& text);

template <class Range, class Make>
Json list(const Range& range, Make&& make) {
  Json result = Json::array();
  for (const auto& item : range) result.push_back(make(item));
  return result;
}

Json strings(const std::vector<std::string>& texts);
Json fix_json(const Fix& fix);
Json host_json(const decltype(Report::host)& host);

/// ASCII only: no control character of the host may reach a terminal, C1 and bidi marks included.
std::string dumped(const Json& json);

}  // namespace hopcheck
