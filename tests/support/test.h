// Catch2, whichever of its two layouts is installed.
#pragma once
#if HOPCHECK_CATCH_MAJOR < 3
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
#endif
