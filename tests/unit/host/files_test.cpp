// Reading, listing and walking real files, and things that only look like files.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "as_user.h"
#include "folder.h"
#include "host/live.h"
#include "host/live/walk.h"
#include "host/reducers.h"
#include "host/tables.h"
#include "support/usage_error.h"
#include "test.h"

using namespace hopcheck;

namespace {

using Status = Answer::Status;

Answer ask_live(const Question& question) {
  Deadline deadline(20000);
  return make_live_host(deadline)->ask(question);
}

// "status why what needs" on one line, for tests that run in a child.
std::string summary(const Answer& answer) {
  if (answer.status == Status::present) return "present " + answer.text;
  if (answer.status == Status::absent) return "absent";
  return std::string("unseen ") + why_name(answer.why.why) + " " + answer.why.what +
         " needs=" + answer.why.needs;
}

}  // namespace

TEST_CASE("files are read whole, or up to the cap") {
  const test::Folder folder;
  const std::string text = std::string(200'000, 'x') + "end";
  const std::string path = folder.write("a file", text);
  CHECK(ask_live(ask::read(path)) == Answer::present(text));
  const Answer cut = ask_live(ask::read(path, 10));
  CHECK(cut.text == "xxxxxxxxxx");
  CHECK(cut.truncated_at == 10);
  const Answer exact = ask_live(ask::read(path, text.size()));
  CHECK(exact.truncated_at == 0);
  CHECK(exact.text.size() == text.size());
  CHECK(ask_live(ask::read(folder.write("empty", ""))) == Answer::present(""));
  CHECK(ask_live(ask::read("/proc/self/mountinfo")).text.find(" / ") != std::string::npos);
}

TEST_CASE("what is no file is never opened") {
  const test::Folder folder;
  mkfifo((folder / "fifo").c_str(), 0644);
  const Answer fifo = ask_live(ask::read(folder / "fifo"));
  CHECK(fifo.why.what == (folder / "fifo") + " is a FIFO, not a file");
  CHECK(ask_live(ask::read("/dev/zero")).why.what == "/dev/zero is a device, not a file");
  // systemd masks a unit by a link to it.
  CHECK(ask_live(ask::read("/dev/null")) == Answer::present(""));
  CHECK(ask_live(ask::read(folder.path())).why.what ==
        folder.path() + " is a directory, not a file");
  CHECK(ask_live(ask::reduce(folder / "fifo", "last-lines-160")).why.why == Unseen::Why::failed);
  CHECK(ask_live(ask::read("relative")).status == Status::unseen);
  CHECK(ask_live(ask::read(std::string("/etc\0/passwd", 12))).status == Status::unseen);
}

TEST_CASE("absent is only what is surely not there") {
  const test::Folder folder;
  const std::string file = folder.write("file", "x");
  CHECK(ask_live(ask::read(folder / "gone")).status == Status::absent);
  CHECK(ask_live(ask::read(file + "/below")).status == Status::absent);
  CHECK(ask_live(ask::list(folder / "gone")).status == Status::absent);
  CHECK(symlink("loop", (folder / "loop").c_str()) == 0);
  CHECK(ask_live(ask::read(folder / "loop")).why.why == Unseen::Why::failed);
}

TEST_CASE("an ordinary user is told what root would see") {
  if (!test::is_root()) return;
  const test::Folder folder;
  const std::string secret = folder.make_folder("closed", 0700);
  folder.write("closed/file", "x");
  chmod(folder.write("mine", "x").c_str(), 0600);
  CHECK(test::as_nobody([&] { return summary(ask_live(ask::read(secret + "/file"))); }) ==
        "unseen denied " + secret + "/file: Permission denied needs=root");
  CHECK(test::as_nobody([&] { return summary(ask_live(ask::read(secret + "/gone"))); }) ==
        "unseen denied " + secret + "/gone: Permission denied needs=root");
  CHECK(test::as_nobody([&] { return summary(ask_live(ask::read(folder / "mine"))); }) ==
        "unseen denied " + (folder / "mine") + ": Permission denied needs=root");
  CHECK(test::as_nobody([&] { return summary(ask_live(ask::list(secret))); }) ==
        "unseen denied " + secret + ": Permission denied needs=root");
  const std::string walk =
      test::as_nobody([&] { return summary(ask_live(ask::walk(secret + "/file"))); });
  CHECK(walk.find(secret + " directory 0700 root:root\n" + secret +
                  "/file unseen denied needs=root \"Permission denied\"\n") != std::string::npos);
  CHECK(ask_live(ask::read(secret + "/file")) == Answer::present("x"));
}

TEST_CASE("entries of a directory with their types") {
  const test::Folder folder;
  folder.write("b", "");
  folder.write("a b", "");
  folder.make_folder("c");
  mkfifo((folder / "d").c_str(), 0644);
  CHECK(symlink("/", (folder / "e").c_str()) == 0);
  CHECK(ask_live(ask::list(folder.path())).text ==
        "file \"a b\"\nfile b\ndirectory c\nfifo d\nlink e\n");
}

TEST_CASE("a path is as new as the newer of a link and what it leads to") {
  const test::Folder folder;
  const std::string file = folder.write("site", "server {}");
  const std::string link = folder / "enabled";
  REQUIRE(symlink(file.c_str(), link.c_str()) == 0);
  const auto date = [](const std::string& path, time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
  };
  date(file, 1'700'000'000);
  date(link, 1'700'000'100);
  CHECK(ask_live(ask::changed(file)) == Answer::present(utc_text(1'700'000'000) + "\n"));
  CHECK(ask_live(ask::changed(link)) == Answer::present(utc_text(1'700'000'100) + "\n"));
  date(file, 1'700'000'200);
  CHECK(ask_live(ask::changed(link)) == Answer::present(utc_text(1'700'000'200) + "\n"));
  CHECK(ask_live(ask::changed(folder / "gone")).status == Status::absent);
}

TEST_CASE("a walk shows links and what they lead to") {
  const test::Folder folder;
  folder.make_folder("real", 02750);
  folder.write("real/file", "x");
  CHECK(symlink("real", (folder / "link").c_str()) == 0);
  CHECK(symlink(folder.path().c_str(), (folder / "real/up").c_str()) == 0);
  const std::string path = folder / "link/up/real/./../real/file";
  const Walk walk = decode_walk(path, ask_live(ask::walk(path)).text);
  REQUIRE(walk.whole.seen());
  CHECK(walk.last().path == folder / "real/file");
  CHECK(walk.last().type == PathStep::Type::file);
  std::vector<std::string> links;
  for (const PathStep& step : walk.steps) {
    if (step.type == PathStep::Type::link) links.push_back(step.path + " -> " + step.target);
    if (step.path == folder / "real") CHECK(step.mode == 02750);
  }
  CHECK(links == std::vector<std::string>{(folder / "link") + " -> real",
                                          (folder / "real/up") + " -> " + folder.path()});
  const std::string gone = folder / "real/gone/deeper";
  const Walk absent = decode_walk(gone, ask_live(ask::walk(gone)).text);
  CHECK(absent.last().path == folder / "real/gone");
  CHECK(absent.last().type == PathStep::Type::absent);
}

TEST_CASE("a walk ends where it goes round or ends at the root") {
  const test::Folder folder;
  CHECK(symlink("loop", (folder / "loop").c_str()) == 0);
  CHECK(symlink("/", (folder / "root").c_str()) == 0);
  const Walk loop = decode_walk("x", ask_live(ask::walk(folder / "loop")).text);
  REQUIRE_FALSE(loop.whole.seen());
  CHECK(loop.whole.unseen().why == Unseen::Why::failed);
  CHECK(decode_walk("x", ask_live(ask::walk(folder / "root")).text).last().path == "/");
  CHECK(decode_walk("x", ask_live(ask::walk("/")).text).last().path == "/");
  const std::string deep(20'000, 'a');
  CHECK_FALSE(decode_walk("x", ask_live(ask::walk("/" + deep)).text).whole.seen());
}

TEST_CASE("ACLs are told where they say more than the mode") {
  const test::Folder folder;
  const std::string path = folder.write("file", "x");
  CHECK(decode_walk(path, ask_live(ask::walk(path)).text).last().acl.empty());
  const std::string command = "setfacl -m u:65534:--x,g:12345:r-x " + path + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) return;  // a file system without ACLs
  const auto acl = decode_walk(path, ask_live(ask::walk(path)).text).last().acl;
  REQUIRE(acl.size() == 6);
  CHECK(acl[0] == "user::rw-");
  CHECK((acl[1] == "user:nobody:--x" || acl[1] == "user:65534:--x"));
  CHECK(acl[2] == "group::r--");
  CHECK(acl[3] == "group:12345:r-x");
  CHECK(acl[4] == "mask::r-x");
  CHECK(acl[5] == "other::r--");
}

TEST_CASE("ACLs of any bytes") {
  const live::Accounts nobody("", "");
  CHECK(live::acl_entries("", nobody).empty());
  CHECK(live::acl_entries(std::string("\2\0\0\0\2", 5), nobody).empty());
  CHECK(live::acl_entries(std::string("\3\0\0\0\2\0\1\0\1\0\0\0", 12), nobody).empty());
  CHECK(live::acl_entries(std::string("\2\0\0\0\2\0\1\0\1\0\0\0", 12), nobody) ==
        std::vector<std::string>{"user:1:--x"});
}

TEST_CASE("names of accounts, and numbers where a name would mislead") {
  const live::Accounts accounts(
      "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nshop:x:1000:1000::/:/x\n"
      "twin:x:7:7::/:/x\ntwin:x:8:8::/:/x\nbad "
      "line\n:x:9:9\nevil,name:x:10:1::/:/x\nx:x:99999999999:1\n",
      "adm:x:4:\n");
  CHECK(accounts.user(0) == "root");
  CHECK(accounts.user(1000) == "shop");
  CHECK(accounts.user(7) == "7");
  CHECK(accounts.user(8) == "8");
  CHECK(accounts.user(9) == "9");
  CHECK(accounts.user(10) == "10");
  CHECK(accounts.user(4242) == "4242");
  CHECK(accounts.group(4) == "adm");
}

TEST_CASE("mounts of the network are known by their type") {
  const live::NetworkMounts mounts(
      "36 35 98:0 / / rw shared:1 - ext4 /dev/sda1 rw\n"
      "40 36 0:40 / /srv/my\\040files rw - nfs4 server:/x rw\n"
      "41 36 0:41 / /media rw - fuse.sshfs x rw\nnonsense\n");
  CHECK(mounts.holds("/srv/my files"));
  CHECK(mounts.holds("/srv/my files/a"));
  CHECK(mounts.holds("/media/x"));
  CHECK_FALSE(mounts.holds("/srv/my filesystem"));
  CHECK_FALSE(mounts.holds("/etc"));
  CHECK_FALSE(mounts.holds("/"));
}

TEST_CASE("the last lines of a file however large") {
  const test::Folder folder;
  std::string text;
  std::string last;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  for (int i = 99'840; i < 100'000; ++i) last += "line " + std::to_string(i) + "\n";
  const auto reduce = [&](const std::string& content) {
    return ask_live(ask::reduce(folder.write("log", content), "last-lines-160")).text;
  };
  CHECK(reduce(text) == last);
  CHECK(reduce(text.substr(0, text.size() - 1)) == last);
  CHECK(reduce("") == "");
  CHECK(reduce("one") == "one\n");
  CHECK(reduce("\n\ntwo\n") == "\n\ntwo\n");
  CHECK(reduce(std::string(6'000'000, 'x') + "\nend\n").substr(0, 4) == "end\n");
  CHECK(reduce(std::string(6'000'000, 'x')) == std::string(2000, 'x') + "\n");
  CHECK(find_reducer("nothing") == nullptr);
  CHECK(ask_live(ask::reduce(folder / "log", "nothing")).why.why == Unseen::Why::failed);
}

TEST_CASE("a directory as the root of a tree") {
  const test::Folder folder;
  folder.make_folder("etc");
  folder.write("etc/os-release", "NAME=x\nPRETTY_NAME=\"My Linux 1\"\n");
  folder.write("etc/hostname", "box\n");
  folder.write("etc/passwd", "me:x:0:0::/:/bin/sh\n");
  folder.write("etc/app.conf", "password = x\n");
  CHECK(symlink("/etc/app.conf", (folder / "absolute").c_str()) == 0);
  CHECK(symlink("../../../../../../etc/hostname", (folder / "out").c_str()) == 0);
  const auto host = make_tree_host(folder.path() + "/");
  CHECK(host->ask(ask::read("/etc/hostname")) == Answer::present("box\n"));
  CHECK(host->ask(ask::read("/absolute")) == Answer::present("password = [redacted]\n"));
  CHECK(host->ask(ask::read("/out")) == Answer::present("box\n"));
  CHECK(host->ask(ask::read("/etc/shadow")).status == Status::absent);
  CHECK(host->ask(ask::list("/etc")).text ==
        "file app.conf\nfile hostname\nfile os-release\nfile passwd\n");
  const Walk walk = decode_walk("/out", host->ask(ask::walk("/out")).text);
  CHECK(walk.last().path == "/etc/hostname");
  CHECK(decode_identity(host->ask(ask::identity()).text).os == "My Linux 1");
  CHECK(decode_identity(host->ask(ask::identity()).text).name == "box");
  if (test::is_root()) CHECK(walk.last().user == "me");
  const Answer live = host->ask(ask::listeners());
  CHECK(live.why == Unseen{Unseen::Why::out_of_scope, "only files are looked at", ""});
  CHECK(host->ask(ask::run({"nginx", "-t"})).why.why == Unseen::Why::out_of_scope);
  CHECK(decode_clock(host->ask(ask::now()).text).now > 1'700'000'000);
  CHECK_THROWS_AS(make_tree_host(folder / "gone"), UsageError);
  CHECK_THROWS_AS(make_tree_host(folder / "etc/hostname"), UsageError);
}
