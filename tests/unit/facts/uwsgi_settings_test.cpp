// uWSGI: which application its options and .ini files name.
#include "facts/app/uwsgi.h"
#include "test.h"

namespace {

using namespace hopcheck;

UwsgiSettings with_ini(const std::vector<std::string>& argv, const std::string& ini) {
  return uwsgi_settings(argv, "/srv", [&ini](const std::string& path) {
    return path == "/srv/shop.ini" ? Answer::present(ini) : Answer::absent();
  });
}

}  // namespace

TEST_CASE("uWSGI's application") {
  CHECK(with_ini({"uwsgi", "--module", "shop:app"}, "").app == "shop:app");
  CHECK(with_ini({"uwsgi", "-w", "shop", "--callable=app"}, "").app == "shop:app");
  CHECK(with_ini({"uwsgi", "--ini", "shop.ini"},
                 "[other]\nmodule = no\n[uwsgi]\n; module = c\nmodule = shop:app\n")
            .app == "shop:app");
  CHECK(with_ini({"uwsgi", "shop.ini"}, "[uwsgi]\nwsgi-file=/srv/app.py\ncallable = app").app ==
        "/srv/app.py:app");
  CHECK(with_ini({"uwsgi", "--ini=shop.ini"}, "[uwsgi]\nproject = x\nmodule = %(project):app\n")
            .app.empty());
  CHECK(with_ini({"uwsgi"}, "").app.empty());
  CHECK(with_ini({"uwsgi", "--ini"}, "").app.empty());
}

TEST_CASE("an emperor serves nothing itself") {
  CHECK(with_ini({"uwsgi", "--emperor", "/etc/uwsgi/vassals"}, "").emperor);
  CHECK(
      with_ini({"uwsgi", "--ini", "shop.ini"}, "[uwsgi]\nemperor = /etc/uwsgi/vassals\n").emperor);
  CHECK_FALSE(with_ini({"uwsgi", "--ini", "shop.ini"}, "[uwsgi]\nmodule = shop\n").emperor);
}
