// gunicorn's command line as argparse reads it: long options by any unique beginning, short ones
// with their value attached, operands anywhere.
#include "facts/app/gunicorn_options.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hopcheck {
namespace {

struct Option {
  std::string_view name{};
  bool takes_value{true};
  std::string_view setting{};  // "" where we do not care
};

// gunicorn 20.1 to 25; the order does not matter.
constexpr std::array options{
    Option{"-b", true, "bind"},
    Option{"--bind", true, "bind"},
    Option{"-w", true, "workers"},
    Option{"--workers", true, "workers"},
    Option{"-k", true, "worker_class"},
    Option{"--worker-class", true, "worker_class"},
    Option{"--threads", true, "threads"},
    Option{"-t", true, "timeout"},
    Option{"--timeout", true, "timeout"},
    Option{"--keep-alive", true, "keepalive"},
    Option{"--forwarded-allow-ips", true, "forwarded_allow_ips"},
    Option{"-c", true, "config"},
    Option{"--config", true, "config"},
    Option{"--chdir", true, "chdir"},
    Option{"--paste", true, "paste"},
    Option{"--paster", true, "paste"},
    Option{"-h", false, "help"},
    Option{"--help", false, "help"},
    Option{"-v", false, "help"},
    Option{"--version", false, "help"},
    Option{"--check-config", false, "help"},
    Option{"--print-config", false, "help"},
    Option{"--backlog", true, "backlog"},
    Option{"--worker-connections", true, "worker_connections"},
    Option{"--max-requests", true, "max_requests"},
    Option{"--max-requests-jitter"},
    Option{"--graceful-timeout", true, "graceful_timeout"},
    Option{"--limit-request-line"},
    Option{"--limit-request-fields"},
    Option{"--limit-request-field_size"},
    Option{"--reload", false, "reload"},
    Option{"--reload-engine"},
    Option{"--reload-extra-file"},
    Option{"--spew", false},
    Option{"--preload", false, "preload_app"},
    Option{"--no-sendfile", false},
    Option{"--reuse-port", false},
    Option{"-D", false},
    Option{"--daemon", false},
    Option{"-e"},
    Option{"--env"},
    Option{"-p"},
    Option{"--pid"},
    Option{"--worker-tmp-dir"},
    Option{"-u"},
    Option{"--user"},
    Option{"-g"},
    Option{"--group"},
    Option{"-m"},
    Option{"--umask"},
    Option{"--initgroups", false},
    Option{"--access-logfile", true, "accesslog"},
    Option{"--access-logformat"},
    Option{"--disable-redirect-access-to-syslog", false},
    Option{"--error-logfile", true, "errorlog"},
    Option{"--log-file", true, "errorlog"},
    Option{"--log-level"},
    Option{"--capture-output", false},
    Option{"--logger-class"},
    Option{"--log-config"},
    Option{"--log-config-json"},
    Option{"--log-syslog-to"},
    Option{"--log-syslog", false},
    Option{"--log-syslog-prefix"},
    Option{"--log-syslog-facility"},
    Option{"-R", false},
    Option{"--enable-stdio-inheritance", false},
    Option{"--statsd-host"},
    Option{"--statsd-prefix"},
    Option{"--dogstatsd-tags"},
    Option{"-n"},
    Option{"--name"},
    Option{"--pythonpath"},
    Option{"--paste-global"},
    Option{"--proxy-protocol", false},
    Option{"--proxy-allow-from"},
    Option{"--keyfile"},
    Option{"--certfile"},
    Option{"--ssl-version"},
    Option{"--cert-reqs"},
    Option{"--ca-certs"},
    Option{"--suppress-ragged-eofs", false},
    Option{"--do-handshake-on-connect", false},
    Option{"--ciphers"},
    Option{"--strip-header-spaces", false},
    Option{"--tolerate-dangerous-framing", false},
    Option{"--forwarder-headers"},
    Option{"--header-map"},
    Option{"--permit-obsolete-folding", false},
    Option{"--permit-unconventional-http-method", false},
    Option{"--permit-unconventional-http-version", false},
    Option{"--casefold-http-method", false},
};

const Option* exactly(std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [name](const Option& option) { return option.name == name; });
  return found != options.end() ? &*found : nullptr;
}

// argparse takes "-1" and "-.5" for operands.
bool is_negative_number(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return false;
  const std::string_view digits = word.substr(1);
  const auto dot = digits.find('.');
  const auto plain = [](std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (dot == std::string_view::npos) return plain(digits);
  return plain(digits.substr(0, dot)) && dot + 1 < digits.size() && plain(digits.substr(dot + 1));
}

bool is_option(std::string_view word) {
  if (word.size() < 2 || word[0] != '-' || is_negative_number(word)) return false;
  if (exactly(word) != nullptr) return true;
  const std::string_view name = word.substr(0, word.find('='));
  return exactly(name) != nullptr || word.substr(0, 2) == "--" ||
         exactly(word.substr(0, 2)) != nullptr || word.find(' ') == std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::span<const std::string> words) : words_(words) {}

  GunicornOptions read() {
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (word == "--") {
        for (++at_; at_ < words_.size(); ++at_) operand(words_[at_]);
        break;
      }
      if (!is_option(word)) {
        operand(word);
      } else if (word[1] == '-') {
        long_option(word);
      } else {
        short_options(word);
      }
    }
    // After an option that we do not know, a word may be its value or the application.
    if (result_.app.empty()) result_.app = doubtful_app_;
    return std::move(result_);
  }

 private:
  void operand(const std::string& word) {
    if (result_.app.empty()) result_.app = word;
  }

  void long_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = exactly(name);
    if (option == nullptr) option = abbreviated(name);
    if (option == nullptr) {
      if (equals == std::string::npos && next_is_value()) skip_doubtful();
      return;
    }
    if (equals != std::string::npos) return give(*option, name, word.substr(equals + 1));
    with_next_word(*option, name);
  }

  // Null where none or several begin so; what they would set is doubtful then.
  const Option* abbreviated(const std::string& name) {
    const Option* only = nullptr;
    std::size_t count = 0;
    for (const Option& option : options) {
      if (option.name.substr(0, name.size()) != name) continue;
      only = &option;
      ++count;
    }
    if (count == 1) return only;
    for (const Option& option : options) {
      const bool meant = option.name.substr(0, name.size()) == name;
      if (meant && !option.setting.empty()) result_.doubtful.insert(std::string(option.setting));
    }
    return nullptr;
  }

  // "-b X", "-bX", "-b=X", "-Dw4".
  void short_options(const std::string& word) {
    std::size_t at = 1;
    while (at < word.size()) {
      const std::string name{'-', word[at]};
      const Option* option = exactly(name);
      if (option == nullptr) return;
      std::string rest = word.substr(++at);
      if (!option->takes_value) {
        give(*option, name, "");
        continue;
      }
      if (rest.empty()) return with_next_word(*option, name);
      if (at == 2 && rest[0] == '=') rest.erase(0, 1);
      return give(*option, name, rest);
    }
  }

  void with_next_word(const Option& option, const std::string& name) {
    if (!option.takes_value) return give(option, name, "");
    if (next_is_value()) give(option, name, words_[++at_]);
  }

  bool next_is_value() const {
    return at_ + 1 < words_.size() && !is_option(words_[at_ + 1]) && words_[at_ + 1] != "--";
  }

  void skip_doubtful() {
    ++at_;
    if (doubtful_app_.empty()) doubtful_app_ = words_[at_];
  }

  void give(const Option& option, const std::string& name, const std::string& value) {
    if (option.setting == "help") result_.ends_at_once = true;
    if (option.setting.empty()) return;
    result_.values[std::string(option.setting)].push_back({name, value});
  }

  std::span<const std::string> words_;
  std::size_t at_{0};
  std::string doubtful_app_{};
  GunicornOptions result_{};
};

}  // namespace

GunicornOptions gunicorn_options(std::span<const std::string> words) {
  return Reader(words).read();
}

}  // namespace hopcheck
