// Reads exports of cloud firewalls.
#include "facts/cloud/cloud_export.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "facts/socket/ip.h"

namespace hopcheck::cloud {
namespace {

using Json = nlohmann::json;

constexpr int highest_port = 65535;

[[noreturn]] void expected(const std::string& where, const std::string& what) {
  throw ExportError(fmt::format("{}: {} is expected", where, what));
}

/// A value and the way to it, for errors.
struct Node {
  const Json* json{nullptr};
  std::string path{};

  bool has(const char* key) const {
    return json->is_object() && json->contains(key) && !(*json)[key].is_null();
  }
  Node at(const char* key) const { return {&(*json)[key], path.empty() ? key : path + "." + key}; }
  std::vector<Node> list(const char* key) const {
    if (!has(key)) return {};
    return at(key).items();
  }
  std::vector<Node> items() const {
    if (!json->is_array()) expected(path.empty() ? "the whole" : path, "a list");
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < json->size(); ++i) {
      nodes.push_back({&(*json)[i], fmt::format("{}[{}]", path, i)});
    }
    return nodes;
  }
  std::string text() const {
    if (!json->is_string()) expected(path, "a text");
    return json->get<std::string>();
  }
  std::string text(const char* key) const {
    if (!has(key)) expected(path.empty() ? key : path + "." + key, "a text");
    return at(key).text();
  }
  int number(const char* key) const {
    if (!has(key) || !at(key).json->is_number_integer())
      expected(path.empty() ? key : path + "." + key, "a number");
    return at(key).json->get<int>();
  }
};

std::string network(const Node& node) {
  const std::string text = node.text();
  if (!parse_network(text)) expected(node.path, "a network such as 10.0.0.0/8");
  return text;
}

/// 6 and "tcp" are one; "all" and "-1" hold TCP, too.
bool is_tcp(const std::string& protocol) {
  return protocol == "tcp" || protocol == "6" || protocol == "all" || protocol == "-1";
}

Rule aws_rule(const Node& permission) {
  Rule rule;
  // Without ports the rule is for all of them.
  if (permission.has("FromPort") && permission.text("IpProtocol") != "-1")
    rule.ports.emplace_back(permission.number("FromPort"), permission.number("ToPort"));
  for (const auto& range : permission.list("IpRanges")) {
    if (!range.has("CidrIp")) expected(range.path + ".CidrIp", "a network");
    rule.sources.push_back(network(range.at("CidrIp")));
  }
  for (const auto& range : permission.list("Ipv6Ranges")) {
    if (!range.has("CidrIpv6")) expected(range.path + ".CidrIpv6", "a network");
    rule.sources.push_back(network(range.at("CidrIpv6")));
  }
  for (const auto& pair : permission.list("UserIdGroupPairs"))
    rule.others.push_back(pair.text("GroupId"));
  for (const auto& list : permission.list("PrefixListIds"))
    rule.others.push_back(list.text("PrefixListId"));
  return rule;
}

std::vector<Firewall> aws(const std::string& file, const Node& root) {
  std::vector<Firewall> groups;
  for (const auto& node : root.list("SecurityGroups")) {
    Firewall group;
    group.file = file;
    group.id = node.text("GroupId");
    group.name = node.has("GroupName") ? node.text("GroupName") : "";
    if (!node.has("IpPermissions")) expected(node.path + ".IpPermissions", "a list");
    for (const auto& permission : node.list("IpPermissions")) {
      if (is_tcp(permission.text("IpProtocol"))) group.rules.push_back(aws_rule(permission));
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

/// "80" or "8000-8080"
std::pair<int, int> port_range(const Node& node) {
  const std::string text = node.text();
  const char* const end = text.data() + text.size();
  std::pair<int, int> ports;
  const auto low = std::from_chars(text.data(), end, ports.first);
  ports.second = ports.first;
  if (low.ec == std::errc{} && low.ptr == end) return ports;
  const bool dash = low.ec == std::errc{} && *low.ptr == '-';
  const auto high = dash ? std::from_chars(low.ptr + 1, end, ports.second) : low;
  if (!dash || high.ec != std::errc{} || high.ptr != end || ports.second > highest_port)
    expected(node.path, "a port or a range such as 8000-8080");
  return ports;
}

/// One rule of GCP may name several protocols; nothing where TCP is not among them.
void add_gcp(const Node& node, const char* key, std::vector<Rule>& rules) {
  for (const auto& entry : node.list(key)) {
    if (!is_tcp(entry.text("IPProtocol"))) continue;
    Rule rule;
    rule.name = node.text("name");
    rule.allows = std::string_view(key) == "allowed";
    rule.disabled = node.has("disabled") && node.at("disabled").json->is_boolean() &&
                    node.at("disabled").json->get<bool>();
    rule.priority = node.has("priority") ? node.number("priority") : 1000;
    for (const auto& ports : entry.list("ports")) rule.ports.push_back(port_range(ports));
    for (const auto& source : node.list("sourceRanges")) rule.sources.push_back(network(source));
    for (const char* by : {"sourceTags", "sourceServiceAccounts"}) {
      for (const auto& tag : node.list(by)) rule.others.push_back(tag.text());
    }
    for (const char* by : {"targetTags", "targetServiceAccounts"}) {
      for (const auto& tag : node.list(by)) rule.targets.push_back(tag.text());
    }
    // A rule that names no source is for all of them.
    if (rule.sources.empty() && rule.others.empty()) rule.sources = {"0.0.0.0/0"};
    rules.push_back(std::move(rule));
  }
}

std::vector<Firewall> gcp(const std::string& file, const Node& root) {
  std::vector<Firewall> networks;
  for (const auto& node : root.items()) {
    if (!node.json->is_object()) expected(node.path, "a firewall rule");
    const std::string path = node.text("network");
    const std::string id = path.substr(path.rfind('/') + 1);
    auto found = std::find_if(networks.begin(), networks.end(),
                              [&](const Firewall& each) { return each.id == id; });
    if (found == networks.end()) {
      networks.push_back({Firewall::Kind::gcp, file, id, "", {}});
      found = networks.end() - 1;
    }
    if (node.text("direction") != "INGRESS") continue;
    add_gcp(node, "allowed", found->rules);
    add_gcp(node, "denied", found->rules);
  }
  return networks;
}

std::string place_of(const std::string& text, std::size_t byte) {
  const std::size_t at = std::min(byte == 0 ? 0 : byte - 1, text.size());
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
  const auto line = std::count(text.begin(), end, '\n') + 1;
  const auto before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  const std::size_t column = before == std::string::npos ? at + 1 : at - before;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

std::vector<Firewall> parse_export(const std::string& file, const std::string& text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw ExportError(place_of(text, error.byte) + ": JSON is expected");
  }
  const Node root{&json, ""};
  if (json.is_object() && json.contains("SecurityGroups")) return aws(file, root);
  if (json.is_array()) return gcp(file, root);
  throw ExportError(
      "the output of `aws ec2 describe-security-groups` (an object with SecurityGroups) or of "
      "`gcloud compute firewall-rules list --format=json` (a list) is expected");
}

}  // namespace hopcheck::cloud
