// Reading and listing without ever blocking on what is no file.
#include "host/live/files.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/live/resources.h"
#include "host/reducers.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr std::size_t default_cap = std::size_t{4} << 20;
constexpr long long most_cap = 256LL << 20;
constexpr std::size_t most_entries = 100'000;
constexpr std::size_t accounts_cap = std::size_t{16} << 20;
constexpr int network_limit_ms = 1000;

Answer not_a_file(const std::string& path, mode_t mode) {
  const std::string article =
      S_ISFIFO(mode) ? "a FIFO" : std::string("a ") + type_name(type_of_mode(mode));
  return Answer::unseen({Unseen::Why::failed, path + " is " + article + ", not a file", ""});
}

std::string text_or_empty(const Answer& answer) {
  return answer.status == Answer::Status::present ? answer.text : "";
}

std::string own_mountinfo(const std::string& root) {
  if (!root.empty()) return {};
  return slurp(AT_FDCWD, "/proc/self/mountinfo", std::size_t{8} << 20).value_or("");
}

struct Entry {
  std::string name{};
  PathStep::Type type{PathStep::Type::other};
};

PathStep::Type type_of_entry(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return type_of_mode(static_cast<mode_t>(DTTOIF(entry.d_type)));
  struct stat status {};
  if (fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return PathStep::Type::other;
  }
  return type_of_mode(status.st_mode);
}

}  // namespace

Files::Files(std::string root, const Deadline* deadline)
    : root_(std::move(root)),
      root_fd_(root_.empty() ? -1 : ::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      deadline_(deadline),
      mounts_(own_mountinfo(root_)),
      accounts_("", "") {
  accounts_ = Accounts(text_or_empty(read("/etc/passwd", accounts_cap)),
                       text_or_empty(read("/etc/group", accounts_cap)));
}

Answer Files::ask(const Question& question) const {
  const std::string& path = question.words.at(0);
  if (!starts_with(path, "/") || path.find('\0') != std::string::npos) {
    return Answer::unseen(
        {Unseen::Why::failed, join_words({path}) + " is not an absolute path", ""});
  }
  if (deadline_ != nullptr && deadline_->passed()) return timed_out(path);
  if (!on_network(path)) return answer(question);
  return in_child(deadline_, network_limit_ms, path + " (on a network mount)",
                  [&] { return answer(question); });
}

Answer Files::answer(const Question& question) const {
  const std::string& path = question.words[0];
  if (question.verb == Verb::list) return list(path);
  if (question.verb == Verb::space) return space(path);
  if (question.verb == Verb::largest) return largest(path, deadline_);
  if (question.verb == Verb::walk) return walk(path);
  if (question.verb == Verb::changed) return changed(path);
  if (question.verb == Verb::reduce) return reduce(question);
  const std::string cap = question.option("cap");
  return read(path,
              cap.empty() ? default_cap : static_cast<std::size_t>(parse_number(cap, 1, most_cap)));
}

// Resolves by hand, since open(2) itself would hang.
bool Files::on_network(const std::string& path) const {
  if (mounts_.none()) return false;
  return raw_walk(root_, path, [&](const std::string& at) { return mounts_.holds(at); }).error ==
         EREMOTE;
}

int Files::open(const std::string& path, int flags) const {
  if (root_.empty()) return ::open(path.c_str(), flags | O_CLOEXEC);
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, root_fd_.get(), path.c_str(), &how, sizeof how);
  // Old kernels lack it, and some containers forbid it.
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return open_by_hand(path, flags);
  return static_cast<int>(fd);
}

int Files::open_by_hand(const std::string& path, int flags) const {
  const RawWalk walk = raw_walk(root_, path);
  if (walk.error != 0 || walk.steps.back().absent) {
    errno = walk.error != 0 ? walk.error : ENOENT;
    return -1;
  }
  return ::open((root_ + walk.steps.back().path).c_str(), flags | O_CLOEXEC | O_NOFOLLOW);
}

bool Files::look_at(const std::string& path, struct stat& status) const {
  if (root_.empty()) return stat(path.c_str(), &status) == 0;
  const Fd handle(open(path, O_PATH));
  return handle.open() && fstat(handle.get(), &status) == 0;
}

std::pair<Fd, Answer> Files::open_file(const std::string& path, struct stat& status) const {
  // Opening a device can act on it, so what it is must be known before.
  if (!look_at(path, status)) return {Fd(), failure(errno, path)};
  if (!S_ISREG(status.st_mode)) return {Fd(), not_a_file(path, status.st_mode)};
  Fd fd(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!fd.open() || fstat(fd.get(), &status) != 0) return {Fd(), failure(errno, path)};
  if (!S_ISREG(status.st_mode)) return {Fd(), not_a_file(path, status.st_mode)};
  return {std::move(fd), Answer::present("")};
}

Answer Files::read(const std::string& path, std::size_t cap) const {
  struct stat status {};
  auto [fd, answer] = open_file(path, status);
  // A link to /dev/null is how systemd masks a unit; the null device reads as an empty file.
  if (!fd.open() && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3))
    return Answer::present("");
  if (!fd.open()) return answer;
  constexpr std::size_t chunk = 65536;
  std::string& text = answer.text;
  // One byte more than the cap tells whether there is more; /proc says size 0 of everything.
  while (text.size() <= cap) {
    if (deadline_ != nullptr && deadline_->passed()) return timed_out(path);
    const std::size_t before = text.size();
    const std::size_t known = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    const std::size_t hoped = known > before ? known - before + 1 : chunk;
    text.resize(before + std::min({hoped, cap + 1 - before, std::size_t{1} << 20}));
    const ssize_t got =
        pread(fd.get(), text.data() + before, text.size() - before, static_cast<off_t>(before));
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(errno, path);
    if (got == 0) break;
    // Less than was asked for is the end, where the size is one that can be believed.
    if (known > 0 && static_cast<std::size_t>(got) < hoped && text.size() >= known) break;
  }
  if (text.size() > cap) {
    text.resize(cap);
    answer.truncated_at = cap;
  }
  return std::move(answer);
}

Answer Files::reduce(const Question& question) const {
  const std::string& path = question.words[0];
  const std::string& name = question.words.at(1);
  const Reducer reducer = find_reducer(name);
  if (reducer == nullptr) {
    return Answer::unseen({Unseen::Why::failed, "there is no reducer " + join_words({name}), ""});
  }
  struct stat status {};
  const auto [fd, answer] = open_file(path, status);
  if (!fd.open()) return answer;
  ByteSource source;
  source.size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  source.read = [handle = fd.get()](std::uint64_t offset, char* buffer, std::size_t n) {
    const ssize_t got = pread(handle, buffer, n, static_cast<off_t>(offset));
    return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  };
  return Answer::present(reducer(source, question.option("format")));
}

Answer Files::list(const std::string& path) const {
  Fd fd(open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  if (!fd.open()) return failure(errno, path);
  const int number = fd.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(number), closedir);
  if (!directory) return failure(errno, path);
  fd.release();  // closedir closes it
  std::vector<Entry> entries;
  Answer answer = Answer::present("");
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entries.size() == most_entries) {
      answer.missing.push_back({Unseen::Why::truncated, "further entries of " + path, ""});
      break;
    }
    entries.push_back({std::string(name), type_of_entry(number, *entry)});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (const Entry& entry : entries) {
    answer.text += join_words({type_name(entry.type), entry.name}) + "\n";
  }
  return answer;
}

Answer Files::changed(const std::string& path) const {
  long long newest = 0;
  for (const int flags : {O_PATH | O_NOFOLLOW, O_PATH}) {
    const Fd handle(open(path, flags));
    struct stat status {};
    if (!handle.open() || fstat(handle.get(), &status) != 0) return failure(errno, path);
    newest = std::max<long long>(newest, status.st_mtim.tv_sec);
  }
  return Answer::present(utc_text(newest) + "\n");
}

Answer Files::walk(const std::string& path) const {
  const RawWalk raw = raw_walk(root_, path);
  if (raw.steps.empty()) return failure(raw.error == 0 ? ENOENT : raw.error, path);
  return Answer::present(encode_walk(named_walk(root_, path, raw, accounts_)));
}

}  // namespace hopcheck::live
