// The kernel's words about processes that it killed.
#include "hopcheck/oom.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("the line before tells whose control group it was") {
  const auto kills = oom_kills_in(
      "1763737600.100000 web1 kernel: gunicorn invoked oom-killer: gfp_mask=0x1\n"
      "1763737600.200000 web1 kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),"
      "task_memcg=/system.slice/shop.service/inner,task=gunicorn,pid=812,uid=998\n"
      "1763737600.300000 web1 kernel: Out of memory: Killed process 812 (gunicorn) total-vm:1kB\n");
  REQUIRE(kills.size() == 1);
  CHECK(kills[0].pid == 812);
  CHECK(kills[0].process == "gunicorn");
  CHECK(kills[0].unit == "shop.service");
  CHECK_FALSE(kills[0].group_limit);
  CHECK(kills[0].time == 1763737600.3);
}

TEST_CASE("a group's limit is not the machine's memory") {
  const auto kills = oom_kills_in(
      "5.1 web1 kernel: oom-kill:constraint=CONSTRAINT_MEMCG,task_memcg=/a.slice/b.service,"
      "task=python3,pid=7,uid=1\n"
      "5.2 web1 kernel: Memory cgroup out of memory: Killed process 7 (python3) total-vm:1kB\n");
  REQUIRE(kills.size() == 1);
  CHECK(kills[0].group_limit);
  CHECK(kills[0].unit == "b.service");
}

TEST_CASE("another process's line, an old kernel's, and no line at all") {
  const auto kills = oom_kills_in(
      "5.1 web1 kernel: oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/a.service,task=x,pid=8\n"
      "5.2 web1 kernel: Out of memory: Kill process 9 (nginx) score 900 or sacrifice child\n");
  REQUIRE(kills.size() == 1);
  CHECK(kills[0].process == "nginx");
  CHECK(kills[0].unit.empty());
  CHECK(oom_kills_in("-- No entries --\n").empty());
}
