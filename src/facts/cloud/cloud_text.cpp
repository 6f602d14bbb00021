// Cloud firewalls as one answer of a recording:
//
//   aws sg.json sg-0a1b web
//   allow - 0 80-80 10.0.0.0/8,192.0.2.1/32 sg-0c2d -
//   gcp fw.json default ""
//   deny deny-all 2000 - 0.0.0.0/0 - web
//
// A rule's words: name, priority, ports, networks, other sources, targets; "-" for none.
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "facts/cloud/cloud_export.h"
#include "host/host.h"

namespace hopcheck::cloud {
namespace {

std::string list_text(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ","));
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> words;
  if (text == "-") return words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto comma = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return words;
}

int number_of(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument("not a number: " + text);
  return value;
}

Rule rule_of(const std::vector<std::string>& words) {
  Rule rule;
  rule.disabled = words[0].starts_with("disabled-");
  rule.allows = words[0].ends_with("allow");
  if (words[1] != "-") rule.name = words[1];
  rule.priority = number_of(words[2]);
  for (const auto& range : list_of(words[3])) {
    const auto dash = range.find('-');
    if (dash == std::string::npos) throw std::invalid_argument("no range of ports: " + range);
    rule.ports.emplace_back(number_of(range.substr(0, dash)), number_of(range.substr(dash + 1)));
  }
  rule.sources = list_of(words[4]);
  rule.others = list_of(words[5]);
  rule.targets = list_of(words[6]);
  return rule;
}

}  // namespace

std::string encode(const std::vector<Firewall>& firewalls) {
  std::string text;
  for (const auto& firewall : firewalls) {
    text += join_words({firewall.kind == Firewall::Kind::aws ? "aws" : "gcp", firewall.file,
                        firewall.id, firewall.name}) +
            '\n';
    for (const auto& rule : firewall.rules) {
      std::vector<std::string> ports;
      for (const auto& [low, high] : rule.ports) ports.push_back(fmt::format("{}-{}", low, high));
      const std::string verdict = rule.allows ? "allow" : "deny";
      text += join_words({rule.disabled ? "disabled-" + verdict : verdict,
                          rule.name.empty() ? "-" : rule.name, std::to_string(rule.priority),
                          list_text(ports), list_text(rule.sources), list_text(rule.others),
                          list_text(rule.targets)}) +
              '\n';
    }
  }
  return text;
}

std::vector<Firewall> decode(const std::string& text) {
  std::vector<Firewall> firewalls;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto words = split_words(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    if (words.size() == 4 && (words[0] == "aws" || words[0] == "gcp")) {
      firewalls.push_back({words[0] == "aws" ? Firewall::Kind::aws : Firewall::Kind::gcp,
                           words[1],
                           words[2],
                           words[3],
                           {}});
    } else if (words.size() == 7 && !firewalls.empty() &&
               (words[0] == "allow" || words[0] == "deny" || words[0] == "disabled-allow" ||
                words[0] == "disabled-deny")) {
      firewalls.back().rules.push_back(rule_of(words));
    } else {
      throw std::invalid_argument("no rule of a cloud firewall: " + join_words(words));
    }
  }
  return firewalls;
}

}  // namespace hopcheck::cloud
