// Names beside a missing one.
#include "hopcheck/renamed.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("one letter apart") {
  CHECK(one_letter_apart("shopp", "shop"));
  CHECK(one_letter_apart("shop", "shopp"));
  CHECK(one_letter_apart("shop", "shap"));
  CHECK(one_letter_apart("deploy", "delpoy"));
  CHECK_FALSE(one_letter_apart("shop", "shop"));
  CHECK_FALSE(one_letter_apart("shop", "blog"));
  CHECK_FALSE(one_letter_apart("shop", "shopping"));
  CHECK_FALSE(one_letter_apart("", "a"));
  CHECK_FALSE(one_letter_apart("ab", "ac"));
}
