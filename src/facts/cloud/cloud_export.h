// What a cloud's own command line tool exports of its firewall.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hopcheck::cloud {

struct Rule {
  std::string name{};  ///< GCP; AWS's have none
  bool allows{true};
  bool disabled{false};                      ///< GCP: it is there, and decides nothing
  int priority{0};                           ///< GCP: the lowest number decides
  std::vector<std::pair<int, int>> ports{};  ///< of TCP; empty: all
  std::vector<std::string> sources{};        ///< networks
  std::vector<std::string> others{};         ///< sources that are no addresses: groups, tags, lists
  std::vector<std::string> targets{};        ///< only for machines with one of these tags
};

/// A security group of AWS, or the rules of one network of GCP. Only rules that concern incoming
/// TCP are kept.
struct Firewall {
  enum class Kind { aws, gcp };
  Kind kind{Kind::aws};
  std::string file{};
  std::string id{};    ///< "sg-0a1b", "default"
  std::string name{};  ///< of a group
  std::vector<Rule> rules{};
};

/// Where an export is not what it should be: "line 3, column 7: …", "[2].priority: a number is
/// expected".
class ExportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `aws ec2 describe-security-groups` or `gcloud compute firewall-rules list --format=json`.
/// Throws ExportError.
std::vector<Firewall> parse_export(const std::string& file, const std::string& json);

/// As one answer of a recording, a rule a line; decode throws std::invalid_argument.
std::string encode(const std::vector<Firewall>& firewalls);
std::vector<Firewall> decode(const std::string& text);

}  // namespace hopcheck::cloud
