// A host whose nginx has the files that the command line named.
#include "host/given_nginx.h"

#include <map>
#include <stdexcept>
#include <utility>

#include "host/live.h"
#include "host/text.h"

namespace hopcheck {
namespace {

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

class NginxHost : public Host {
 public:
  NginxHost(std::unique_ptr<Host> host, GivenNginx given, std::vector<std::string> texts)
      : host_(std::move(host)), given_(std::move(given)), folder_(folder_of(given_.main)) {
    for (std::size_t i = 0; i < given_.files.size(); ++i) {
      Answer text = Answer::present(redact(std::move(texts.at(i))));
      if (given_.cut && i + 1 == given_.files.size()) text.truncated_at = text.text.size();
      texts_.emplace(given_.files[i], std::move(text));
    }
  }

  Answer ask(const Question& question) override {
    if (question.verb == Verb::nginx) return Answer::present(encode_given_nginx(given_));
    if (!given_.dump) return host_->ask(question);
    switch (question.verb) {
      case Verb::read:
      case Verb::list:
      case Verb::reduce:
      case Verb::walk:
      case Verb::changed:
        return about_file(question);
      default:
        return host_->ask(question);
    }
  }

 private:
  Answer about_file(const Question& question) {
    const std::string& path = question.words.at(0);
    const auto found = texts_.find(path);
    if (question.verb == Verb::read && found != texts_.end()) return found->second;
    if (question.verb == Verb::list) {
      Answer listing = listing_of(given_, path);
      if (listing.status == Answer::Status::present) return listing;
    }
    if (found == texts_.end() && (folder_ == "/" || !starts_with(path + "/", folder_)))
      return host_->ask(question);
    return Answer::unseen(
        {Unseen::Why::out_of_scope, question.key() + ": nginx's files are those of a dump", ""});
  }

  std::unique_ptr<Host> host_;
  GivenNginx given_;
  std::string folder_;
  std::map<std::string, Answer> texts_{};
};

}  // namespace

std::string encode_given_nginx(const GivenNginx& given) {
  std::string text = join_words({given.dump ? "dump" : "conf", given.main}) + "\n";
  for (const auto& file : given.files) text += join_words({"file", file}) + "\n";
  if (given.cut) text += "cut\n";
  return text;
}

GivenNginx decode_given_nginx(const std::string& text) {
  GivenNginx given;
  for (std::size_t at = 0; at < text.size();) {
    const auto words = split_words(next_line(text, at));
    if (words.size() == 1 && words[0] == "cut") {
      given.cut = true;
    } else if (words.size() != 2) {
      throw std::invalid_argument("a line of another kind");
    } else if (words[0] == "file") {
      given.files.push_back(words[1]);
    } else if (given.main.empty() && (words[0] == "conf" || words[0] == "dump")) {
      given.main = words[1];
      given.dump = words[0] == "dump";
    } else {
      throw std::invalid_argument("a line of another kind");
    }
  }
  if (given.main.empty()) throw std::invalid_argument("no main file");
  return given;
}

Answer listing_of(const GivenNginx& given, const std::string& folder) {
  const std::string start = folder + (folder.ends_with('/') ? "" : "/");
  std::map<std::string, const char*> entries;
  for (const auto& file : given.files) {
    if (!starts_with(file, start)) continue;
    const std::string rest = file.substr(start.size());
    const auto slash = rest.find('/');
    entries.emplace(rest.substr(0, slash), slash == std::string::npos ? "file" : "directory");
  }
  if (entries.empty()) return Answer::absent();
  std::string text;
  for (const auto& [name, type] : entries) text += join_words({type, name}) + "\n";
  return Answer::present(std::move(text));
}

std::unique_ptr<Host> with_nginx(std::unique_ptr<Host> host, GivenNginx given,
                                 std::vector<std::string> texts) {
  return std::make_unique<NginxHost>(std::move(host), std::move(given), std::move(texts));
}

}  // namespace hopcheck
