// Whom a certificate is for.
#include "hopcheck/tls.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("a name is covered by itself and by a star for one label") {
  Certificate one;
  one.names = {"Shop.example.com", "*.example.org"};
  CHECK(one.covers("shop.example.com"));
  CHECK(one.covers("www.example.org"));
  CHECK_FALSE(one.covers("example.org"));
  CHECK_FALSE(one.covers("a.b.example.org"));
  CHECK_FALSE(one.covers("shop.example.com.evil.org"));
}
