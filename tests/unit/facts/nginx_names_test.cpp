// Names that were meant to be another, and names that differ on purpose.
#include "facts/nginx/names.h"
#include "test.h"

using namespace hopcheck::nginx;

TEST_CASE("a name with a slip of the keyboard") {
  CHECK(is_misspelt("shop.exmaple.com", "shop.example.com"));
  CHECK(is_misspelt("shop.exampe.com", "shop.example.com"));
  CHECK(is_misspelt("shop.examplee.com", "shop.example.com"));
  CHECK(is_misspelt("Shop.exbmple.com", "shop.example.com"));
  CHECK(is_misspelt("shopexample.com", "shop.example.com"));
  CHECK_FALSE(is_misspelt("shop.example.com", "shop.example.com"));
  CHECK_FALSE(is_misspelt("blog.example.com", "shop.example.com"));
  CHECK_FALSE(is_misspelt("", "shop.example.com"));
}

TEST_CASE("names that differ on purpose") {
  CHECK_FALSE(is_misspelt("shop1.example.com", "shop2.example.com"));
  CHECK_FALSE(is_misspelt("shop2.example.com", "shop.example.com"));
  CHECK_FALSE(is_misspelt("de.example.com", "dk.example.com"));
  CHECK_FALSE(is_misspelt("shop.example.co", "shop.example.cc"));
}

TEST_CASE("the same name with and without www") {
  CHECK(is_neighbour("www.example.com", "example.com"));
  CHECK(is_neighbour("example.com", "WWW.example.com"));
  CHECK(is_neighbour("*.example.com", "example.com"));
  CHECK_FALSE(is_neighbour("example.com", "example.com"));
  CHECK_FALSE(is_neighbour("*.example.com", "shop.example.com"));
}

TEST_CASE("names that nobody asks for") {
  CHECK(is_placeholder("_"));
  CHECK(is_placeholder(""));
  CHECK(is_placeholder("localhost"));
  CHECK_FALSE(is_placeholder("shop.example.com"));
}
