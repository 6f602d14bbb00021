// How a user is let through.
#include "hopcheck/permit.h"

#include "test.h"

using namespace hopcheck;

namespace {

PathStep folder(unsigned mode, std::vector<std::string> acl = {}) {
  PathStep step;
  step.path = "/srv/my shop";
  step.type = PathStep::Type::directory;
  step.mode = mode;
  step.user = "shop";
  step.group = "web";
  step.acl = std::move(acl);
  return step;
}

}  // namespace

TEST_CASE("the class that the kernel looks at is the one that gets the bits") {
  const Credentials other{"www-data", "www-data", {}, false};
  CHECK(permit(other, folder(0700), 1).command == "chmod 0701 '/srv/my shop'");
  CHECK(permit(other, folder(0700), 1).widens == "every user of this host");
  const Credentials member{"www-data", "www-data", {"web"}, false};
  CHECK(permit(member, folder(0700), 1).command == "chmod 0710 '/srv/my shop'");
  CHECK(permit(member, folder(0700), 1).widens == "group web");
  const Credentials owner{"shop", "shop", {}, false};
  CHECK(permit(owner, folder(0077), 5).command == "chmod 0577 '/srv/my shop'");
  CHECK(permit(owner, folder(0077), 5).widens.empty());
}

TEST_CASE("an ACL is added to, not masked") {
  const Credentials other{"www-data", "www-data", {}, false};
  const auto way = permit(other, folder(0750, {"user:deploy:r-x"}), 6);
  CHECK(way.command == "setfacl -m u:www-data:rw '/srv/my shop'");
  CHECK(way.widens.empty());
}
