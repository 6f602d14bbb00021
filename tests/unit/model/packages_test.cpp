// Releases of packages, and how they compare.
#include "hopcheck/packages.h"
#include "test.h"

using hopcheck::compare_versions;

TEST_CASE("versions compare by their numbers") {
  CHECK(compare_versions("20.1.0", "20.1.0") == 0);
  CHECK(compare_versions("20.1", "20.1.0") == 0);
  CHECK(compare_versions("20.1.0", "20.10") < 0);
  CHECK(compare_versions("23.0.0", "22.9.9") > 0);
  CHECK(compare_versions("23.0.0rc1", "23.0.0") == 0);
  CHECK(compare_versions("", "0.1") < 0);
  CHECK(compare_versions("25.0", "x") > 0);
}
