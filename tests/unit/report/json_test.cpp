// The JSON report: its golden, its schema, and what it does with bytes that are no text.
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "golden.h"
#include "sample.h"
#include "test.h"

namespace hopcheck {
namespace {

using Json = nlohmann::json;

Json schema() {
  std::ifstream file(std::string(HOPCHECK_SOURCE_DIR) + "/schemas/report.schema.json");
  return Json::parse(file);
}

bool is_type(const Json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

bool any_type(const Json& value, const Json& types) {
  if (types.is_string()) return is_type(value, types.get<std::string>());
  for (const auto& type : types) {
    if (is_type(value, type.get<std::string>())) return true;
  }
  return false;
}

/// As much of JSON Schema as ours uses; every fault as a line.
void validate(const Json& root, const Json& rule, const Json& value, const std::string& where,
              std::vector<std::string>& faults) {
  if (rule.contains("$ref")) {
    const std::string name = rule["$ref"].get<std::string>().substr(std::string("#/$defs/").size());
    validate(root, root["$defs"].at(name), value, where, faults);
  }
  if (rule.contains("type") && !any_type(value, rule["type"]))
    faults.push_back(where + ": wrong type");
  if (rule.contains("const") && value != rule["const"])
    faults.push_back(where + ": not the constant");
  if (rule.contains("minimum") && value.is_number() && value < rule["minimum"])
    faults.push_back(where + ": too small");
  if (rule.contains("enum")) {
    bool known = false;
    for (const auto& member : rule["enum"]) known = known || member == value;
    if (!known) faults.push_back(where + ": no member of the enumeration");
  }
  for (const auto& name : rule.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>()))
      faults.push_back(where + ": lacks " + name.get<std::string>());
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const Json properties = rule.value("properties", Json::object());
      if (properties.contains(name)) {
        validate(root, properties[name], member, where + "." + name, faults);
      } else if (rule.contains("additionalProperties")) {
        validate(root, rule["additionalProperties"], member, where + "." + name, faults);
      }
    }
  }
  if (value.is_array() && rule.contains("items")) {
    for (const auto& item : value) validate(root, rule["items"], item, where + "[]", faults);
  }
}

std::vector<std::string> faults_of(const Json& value) {
  std::vector<std::string> faults;
  const Json root = schema();
  validate(root, root, value, "report", faults);
  return faults;
}

/// Members that the schema does not describe.
void undescribed(const Json& root, const Json& rule, const Json& value, const std::string& where,
                 std::set<std::string>& names) {
  if (rule.contains("$ref")) {
    const std::string name = rule["$ref"].get<std::string>().substr(std::string("#/$defs/").size());
    return undescribed(root, root["$defs"].at(name), value, where, names);
  }
  if (value.is_array() && rule.contains("items")) {
    for (const auto& item : value) undescribed(root, rule["items"], item, where + "[]", names);
  }
  if (!value.is_object() || rule.contains("additionalProperties")) return;
  for (const auto& [name, member] : value.items()) {
    if (!rule.contains("properties") || !rule["properties"].contains(name)) {
      names.insert(where + "." + name);
    } else {
      undescribed(root, rule["properties"][name], member, where + "." + name, names);
    }
  }
}

}  // namespace

TEST_CASE("the JSON report looks as its golden") {
  CHECK(to_json(sample::broken()) == golden("broken.json", to_json(sample::broken())));
  CHECK(to_json(sample::healthy()) == golden("healthy.json", to_json(sample::healthy())));
}

TEST_CASE("every report keeps to the published schema") {
  const std::string bytes = "\xff\xfe\033[2J \xed\xa0\x80 \xc3 end";
  Report unknown;
  unknown.verdict = "unknown";
  unknown.verdict_reason = "nothing-here";
  unknown.exit_code = 3;
  for (const auto& report :
       {sample::broken(), sample::healthy(), sample::degraded(), sample::hostile(bytes), unknown}) {
    const Json json = Json::parse(to_json(report));
    CHECK(faults_of(json) == std::vector<std::string>{});
    std::set<std::string> names;
    const Json root = schema();
    undescribed(root, root, json, "report", names);
    CHECK(names == std::set<std::string>{});
  }
}

TEST_CASE("the schema refuses what the contract does not allow") {
  Json json = Json::parse(to_json(sample::broken()));
  json["verdict"] = "fine";
  CHECK(faults_of(json) ==
        std::vector<std::string>{"report.verdict: no member of the enumeration"});
  json = Json::parse(to_json(sample::broken()));
  json["diagnosis"][0].erase("why");
  CHECK(faults_of(json) == std::vector<std::string>{"report.diagnosis[]: lacks why"});
}

TEST_CASE("members stand in the contract's order") {
  const auto json = nlohmann::ordered_json::parse(to_json(sample::broken()));
  std::vector<std::string> names;
  for (const auto& [name, member] : json.items()) names.push_back(name);
  CHECK(names.front() == "schema");
  CHECK(names.back() == "next");
  CHECK(json["lb"]["port"].dump() == R"({"value":80,"from":"default","source":"profile aws-alb"})");
  CHECK(json["lb"]["host"]["value"].is_null());
  CHECK(json["diagnosis"][0]["fixes"][1]["widens"].is_null());
  CHECK(json["diagnosis"][0]["evidence"][2]["untrusted"] == true);
}

TEST_CASE("JSON holds no byte that acts on a terminal") {
  const std::string evil = "\033[2J\x7f\xc2\x9b\xe2\x80\xae\xff";
  for (const char c : to_json(sample::hostile(evil))) {
    REQUIRE((c == '\n' || (c >= ' ' && c <= '~')));
  }
}

TEST_CASE("durations are rounded") {
  Report report = sample::healthy();
  report.duration_ms = 84.449;
  report.checks[0].duration_ms = 0.3149;
  report.checks[1].duration_ms = -1;
  const Json json = Json::parse(to_json(report));
  CHECK(json["duration_ms"].dump() == "84");
  CHECK(json["checks"][0]["duration_ms"].dump() == "0.3");
  CHECK(json["checks"][1]["duration_ms"].dump() == "0");
}

}  // namespace hopcheck
