// Catch2 2 wants its main written out; Catch2 3 brings its own.
#if HOPCHECK_CATCH_MAJOR < 3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
