// Who may pass, against the kernel: files, directories and sockets of random modes, owners and
// ACLs, tried by processes of other users.
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hopcheck/path.h"
#include "test.h"

namespace {

using namespace hopcheck;

PathStep step(PathStep::Type type, unsigned mode, const std::string& user,
              const std::string& group) {
  PathStep made;
  made.path = "/x";
  made.type = type;
  made.mode = mode;
  made.user = user;
  made.group = group;
  return made;
}

PathStep directory(unsigned mode, const std::string& user = "shop",
                   const std::string& group = "shop") {
  return step(PathStep::Type::directory, mode, user, group);
}

PathStep socket_step(unsigned mode) {
  return step(PathStep::Type::socket, mode, "shop", "shop");
}

Credentials someone(const std::string& user, const std::string& group,
                    std::vector<std::string> groups = {}) {
  return {user, group, std::move(groups), false};
}

Walk walk_of(std::vector<PathStep> steps) {
  Walk walk;
  walk.path = "/x";
  walk.steps = std::move(steps);
  return walk;
}

struct Entry {
  unsigned short tag{0};
  unsigned short bits{0};
  unsigned id{0xffffffff};
};

std::string bits_text(unsigned bits) {
  return std::string((bits & 4U) != 0 ? "r" : "-") + ((bits & 2U) != 0 ? "w" : "-") +
         ((bits & 1U) != 0 ? "x" : "-");
}

std::string entry_text(const Entry& entry) {
  const std::string id = entry.id == 0xffffffff ? "" : std::to_string(entry.id);
  const char* tag = entry.tag == 1 || entry.tag == 2   ? "user:"
                    : entry.tag == 4 || entry.tag == 8 ? "group:"
                    : entry.tag == 16                  ? "mask:"
                                                       : "other:";
  return tag + id + ":" + bits_text(entry.bits);
}

bool set_acl(const std::string& path, const std::vector<Entry>& entries) {
  std::string bytes("\2\0\0\0", 4);
  for (const Entry& entry : entries) {
    bytes.append(reinterpret_cast<const char*>(&entry.tag), 2);
    bytes.append(reinterpret_cast<const char*>(&entry.bits), 2);
    bytes.append(reinterpret_cast<const char*>(&entry.id), 4);
  }
  return setxattr(path.c_str(), "system.posix_acl_access", bytes.data(), bytes.size(), 0) == 0;
}

struct Sample {
  PathStep step{};
  int socket{-1};
};

// The ids that play: owners and groups of files, and who asks.
constexpr unsigned first_id = 71000;
unsigned any_id(std::mt19937& random) {
  return first_id + static_cast<unsigned>(random() % 4);
}

int listen_at(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd, 64) == 0);
  return fd;
}

Sample make_sample(std::mt19937& random, const std::string& path, bool& acls) {
  Sample sample;
  const unsigned user = any_id(random);
  const unsigned group = any_id(random);
  const unsigned mode = static_cast<unsigned>(random() % 01000);
  const auto kind = random() % 3;
  sample.step = step(kind == 0   ? PathStep::Type::file
                     : kind == 1 ? PathStep::Type::directory
                                 : PathStep::Type::socket,
                     mode, std::to_string(user), std::to_string(group));
  sample.step.path = path;
  if (kind == 0) fclose(fopen(path.c_str(), "w"));
  if (kind == 1) REQUIRE(mkdir(path.c_str(), 0700) == 0);
  if (kind == 2) sample.socket = listen_at(path);
  REQUIRE(chown(path.c_str(), user, group) == 0);
  REQUIRE(chmod(path.c_str(), mode) == 0);
  if (random() % 2 == 0) return sample;
  const auto bits = [&random] { return static_cast<unsigned short>(random() % 8); };
  std::vector<Entry> entries{{1, static_cast<unsigned short>(mode >> 6), 0xffffffff}};
  for (unsigned id = first_id; id < first_id + 4; ++id) {
    if (random() % 3 == 0) entries.push_back({2, bits(), id});
  }
  entries.push_back({4, bits(), 0xffffffff});
  for (unsigned id = first_id; id < first_id + 4; ++id) {
    if (random() % 3 == 0) entries.push_back({8, bits(), id});
  }
  entries.push_back({16, random() % 4 == 0 ? static_cast<unsigned short>(0) : bits(), 0xffffffff});
  entries.push_back({32, static_cast<unsigned short>(mode & 7U), 0xffffffff});
  acls = set_acl(path, entries);
  if (!acls) return sample;
  struct stat now {};
  REQUIRE(stat(path.c_str(), &now) == 0);
  sample.step.mode = now.st_mode & 07777U;
  for (const Entry& entry : entries) sample.step.acl.push_back(entry_text(entry));
  return sample;
}

bool connects(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const bool done = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
                    errno != EACCES;
  close(fd);
  return done;
}

// What the kernel lets `who` do: a byte a sample, as of access(2), and 8 for connect(2).
std::string ask_kernel(const std::vector<Sample>& samples, unsigned uid, unsigned gid,
                       const std::vector<gid_t>& groups) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (setgroups(groups.size(), groups.data()) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0)
      _exit(1);
    std::string answers;
    for (const Sample& sample : samples) {
      const char* path = sample.step.path.c_str();
      int bits = (access(path, R_OK) == 0 ? 4 : 0) | (access(path, W_OK) == 0 ? 2 : 0) |
                 (access(path, X_OK) == 0 ? 1 : 0);
      if (sample.socket >= 0 && connects(path)) bits |= 8;
      answers += static_cast<char>(bits);
    }
    _exit(write(ends[1], answers.data(), answers.size()) == static_cast<ssize_t>(answers.size())
              ? 0
              : 1);
  }
  close(ends[1]);
  std::string answers(samples.size(), '\0');
  std::size_t got = 0;
  for (ssize_t n = 1; n > 0 && got < answers.size(); got += static_cast<std::size_t>(n)) {
    n = read(ends[0], answers.data() + got, answers.size() - got);
    if (n <= 0) break;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  REQUIRE(got == answers.size());
  return answers;
}

}  // namespace

TEST_CASE("may() is what the kernel does") {
  if (geteuid() != 0) {
    WARN("needs root");
    return;
  }
  char folder[] = "/tmp/hopcheck-access-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  REQUIRE(chmod(folder, 0755) == 0);
  std::mt19937 random(3);
  bool acls = true;
  std::vector<Sample> samples;
  for (int i = 0; i < 400; ++i)
    samples.push_back(make_sample(random, folder + std::string("/") + std::to_string(i), acls));
  if (!acls) WARN("no ACLs on this file system");
  int wrong = 0;
  int granted = 0;
  for (int asker = 0; asker < 16; ++asker) {
    const unsigned uid = first_id + static_cast<unsigned>(asker % 5);
    const unsigned gid = any_id(random);
    std::vector<gid_t> groups;
    while (random() % 2 == 0) groups.push_back(any_id(random));
    Credentials who = someone(std::to_string(uid), std::to_string(gid));
    for (const gid_t group : groups) who.groups.push_back(std::to_string(group));
    const std::string answers = ask_kernel(samples, uid, gid, groups);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const int bits = answers[i];
      for (const Access access : {Access::read, Access::write, Access::search}) {
        const bool kernel = (bits & static_cast<int>(access)) != 0;
        granted += kernel ? 1 : 0;
        if (may(who, samples[i].step, access) != kernel) ++wrong;
      }
      if (samples[i].socket >= 0 && may(who, samples[i].step, Access::write) != ((bits & 8) != 0))
        ++wrong;
    }
  }
  CHECK(wrong == 0);
  CHECK(granted > 2000);
  CHECK(granted < 400 * 16 * 3 - 2000);
  for (const Sample& sample : samples) {
    if (sample.socket >= 0) close(sample.socket);
    std::remove(sample.step.path.c_str());
  }
  rmdir(folder);
}

TEST_CASE("the owner's bits decide alone for the owner") {
  CHECK_FALSE(may(someone("shop", "shop"), directory(0077), Access::search));
  CHECK(may(someone("www-data", "shop"), directory(0070), Access::search));
  CHECK(may(someone("www-data", "www-data", {"adm", "shop"}), directory(0710), Access::search));
  CHECK_FALSE(may(someone("www-data", "shop"), directory(0707), Access::search));
  CHECK(may({"root", "root", {}, true}, directory(0000), Access::search));
  CHECK_FALSE(may({"root", "root", {}, false}, directory(0700), Access::search));
}

TEST_CASE("an ACL counts as far as its mask lets it") {
  PathStep step = directory(0750);
  step.acl = {"user::rwx", "user:www-data:--x", "group::r-x", "mask::r-x", "other::---"};
  CHECK(may(someone("www-data", "www-data"), step, Access::search));
  CHECK_FALSE(may(someone("www-data", "www-data"), step, Access::write));
  step.mode = 0700;
  step.acl[3] = "mask::---";
  CHECK_FALSE(may(someone("www-data", "www-data"), step, Access::search));
  step.mode = 0701;  // without group bits the kernel does not look at the ACL: "other" decides
  CHECK(may(someone("www-data", "www-data"), step, Access::search));
  step.acl = {"nonsense", "user:", "::", ""};
  step.mode = 0710;
  CHECK(may(someone("x", "shop"), step, Access::search));
}

TEST_CASE("the first step that stops a connection is named") {
  const Credentials nginx = someone("www-data", "www-data");
  Walk walk = walk_of({directory(0755, "root", "root"), directory(0700), socket_step(0777)});
  const PathStep* denied = denied_at(nginx, walk);
  REQUIRE(denied != nullptr);
  CHECK(denied == &walk.steps[1]);
  walk.steps[1].mode = 0711;
  CHECK(denied_at(nginx, walk) == nullptr);
  walk.steps[2].mode = 0755;
  CHECK(denied_at(nginx, walk) == &walk.steps[2]);
  CHECK(denied_at(nginx, walk, Access::read) == nullptr);
  walk.steps.insert(walk.steps.begin() + 1, step(PathStep::Type::link, 0, "shop", "shop"));
  CHECK(denied_at(nginx, walk) == &walk.steps[3]);
}

TEST_CASE("a walk that was cut denies what it saw and is else not seen") {
  const Credentials nginx = someone("www-data", "www-data");
  Walk walk = walk_of({directory(0755), directory(0711)});
  walk.whole = Unseen{Unseen::Why::denied, "cut", "root"};
  CHECK_THROWS_AS(denied_at(nginx, walk), NotSeen);
  CHECK_THROWS_AS(walk.exists(), NotSeen);
  walk.steps[1].mode = 0700;
  CHECK(denied_at(nginx, walk) == &walk.steps[1]);
}

TEST_CASE("what is absent denies nothing") {
  Walk walk = walk_of({directory(0755), step(PathStep::Type::absent, 0, "", "")});
  CHECK(denied_at(someone("www-data", "www-data"), walk) == nullptr);
  CHECK_FALSE(walk.exists());
  walk.steps.pop_back();
  CHECK(walk.exists());
  CHECK(describe(directory(0700)) == "directory 0700 shop:shop");
}
