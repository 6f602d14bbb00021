// What the JSON reports share.
#include "report/json_parts.h"

#include <cmath>

#include "report/names.h"

namespace hopcheck {
namespace {

Json edit_json(const Edit& edit) {
  return {{"file", edit.file}, {"line", edit.line}, {"remove", edit.remove}, {"add", edit.add}};
}

}  // namespace

Json rounded(double ms) {
  if (!std::isfinite(ms) || ms < 0) return 0;
  if (ms > 1e12) ms = 1e12;
  const double tenths = std::round(ms * 10) / 10;
  if (ms >= 10 || tenths == std::floor(tenths)) return std::llround(ms);
  return tenths;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json strings(const std::vector<std::string>& texts) {
  return list(texts, [](const std::string& text) { return Json(text); });
}

Json fix_json(const Fix& fix) {
  return {{"summary", fix.summary},
          {"on", on_name(fix.on)},
          {"edits", list(fix.edits, edit_json)},
          {"commands", strings(fix.commands)},
          {"interrupts", interrupts_name(fix.interrupts)},
          {"lasts", lasts_name(fix.lasts)},
          {"widens", text_or_null(fix.widens)}};
}

Json host_json(const decltype(Report::host)& host) {
  return {{"name", text_or_null(host.name)},
          {"os", text_or_null(host.os)},
          {"kernel", text_or_null(host.kernel)},
          {"privileged", host.privileged}};
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace hopcheck
