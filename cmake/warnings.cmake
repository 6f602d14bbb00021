# Warnings of each compiler; errors in CI.
option(HOPCHECK_WERROR "warnings are errors" OFF)
set(HOPCHECK_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND HOPCHECK_WARNINGS -Wduplicated-cond -Wlogical-op -Wuseless-cast)
  # With sanitizers g++ takes what they add for uses of unset values.
  if(HOPCHECK_SANITIZE)
    list(APPEND HOPCHECK_WARNINGS -Wno-maybe-uninitialized)
  endif()
  # g++ 12 finds overlaps and overflows in std::string's own code once it optimises (GCC bug 105651).
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND HOPCHECK_WARNINGS -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
  endif()
else()
  list(APPEND HOPCHECK_WARNINGS -Wimplicit-fallthrough -Wunreachable-code)
endif()
if(HOPCHECK_WERROR)
  list(APPEND HOPCHECK_WARNINGS -Werror)
endif()
