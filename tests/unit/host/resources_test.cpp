// Room and descriptors: their texts, and which mount holds a path.
#include "host/live/resources.h"

#include <climits>

#include <sys/socket.h>
#include <unistd.h>

#include "folder.h"
#include "host/live.h"
#include "host/resource_text.h"
#include "test.h"

using namespace hopcheck;

TEST_CASE("the nearest mount of the same device holds the path") {
  const std::string mounts =
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
      "30 22 0:25 / /var/log rw - tmpfs tmpfs rw\n"
      "31 30 8:1 /backup /var/log/nginx rw - ext4 /dev/sda1 rw\n"
      "32 22 0:31 / /mnt/two\\040words rw shared:3 - xfs /dev/sdb1 rw\n";
  CHECK(live::mount_of(mounts, "8:1", "/var/log/nginx/a").point == "/var/log/nginx");
  CHECK(live::mount_of(mounts, "8:1", "/var/log/nginxes").point == "/");
  CHECK(live::mount_of(mounts, "0:25", "/var/log/x").type == "tmpfs");
  CHECK(live::mount_of(mounts, "0:31", "/mnt/two words/x").point == "/mnt/two words");
  CHECK(live::mount_of(mounts, "9:9", "/x").point.empty());
  const auto seen = live::mount_of(
      "22 1 8:1 / / rw,noatime - ext4 /dev/sda1 ro,errors=remount-ro\n", "8:1", "/var");
  CHECK(seen.device == "/dev/sda1");
  CHECK(seen.options == "rw,noatime");
  CHECK(seen.file_system == "ro,errors=remount-ro");
  CHECK(live::mount_of("short line\n", "8:1", "/x").point.empty());
}

TEST_CASE("a file system's text can be read again") {
  FileSystem system;
  system.mount = "/mnt/two words";
  system.type = "tmpfs";
  system.read_only = true;
  system.device = "/dev/sdb1";
  system.mounted_as = "rw,noatime";
  system.file_system_as = "ro,errors=remount-ro";
  system.size = 1000;
  system.free = 20;
  system.inodes = 50;
  system.inodes_free = 7;
  const FileSystem again = decode_space(encode_space(system));
  CHECK(again.mount == system.mount);
  CHECK(again.read_only);
  CHECK(again.device == "/dev/sdb1");
  CHECK(encode_space(again) == encode_space(system));
  CHECK_THROWS_AS(decode_space("size=1"), std::invalid_argument);
  CHECK_THROWS_AS(decode_space("mount=/ size=much free=1 inodes=1 inodes-free=1"),
                  std::invalid_argument);
}

TEST_CASE("the largest files of a folder come first") {
  const test::Folder folder;
  folder.make_folder("logs");
  folder.write("logs/small.log", std::string(5000, 'x'));
  folder.write("logs/large.log", std::string(90000, 'x'));
  Deadline deadline(5000);
  const Answer answer = live::largest(folder.path(), &deadline);
  REQUIRE(answer.status == Answer::Status::present);
  const auto files = decode_largest(answer.text);
  REQUIRE(files.size() >= 2);
  CHECK(files[0].path == folder.path() + "/logs/large.log");
  CHECK(files[0].bytes >= 90000);
  CHECK(files[1].path == folder.path() + "/logs/small.log");
}

TEST_CASE("sockets of a process are counted, and nothing else that it has open") {
  const auto count = [] { return decode_sockets(live::sockets(getpid()).text); };
  const long before = count();
  int pair[2] = {};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  int pipes[2] = {};
  REQUIRE(pipe(pipes) == 0);
  CHECK(count() == before + 2);
  for (const int number : {pair[0], pair[1], pipes[0], pipes[1]}) close(number);
  CHECK(count() == before);
  CHECK(live::sockets(INT_MAX).status == Answer::Status::absent);
  CHECK_THROWS_AS(decode_sockets(""), std::invalid_argument);
}

TEST_CASE("a folder that is not there has no room to speak of") {
  CHECK(live::space("/does/not/exist").status == Answer::Status::absent);
  const Answer root = live::space("/");
  REQUIRE(root.status == Answer::Status::present);
  CHECK(decode_space(root.text).size > 0);
}
