// Server names that were meant to be another.
#pragma once

#include <string>
#include <string_view>

namespace hopcheck::nginx {

/// "_", "", "localhost": no name that somebody would ask for.
bool is_placeholder(std::string_view name);

/// One name is the other with "www." before it, or a wildcard for names below it.
bool is_neighbour(std::string_view written, std::string_view wanted);

/// One letter is missing, too many or another, or two beside each other are swapped. Digits tell
/// hosts apart on purpose, and so do short labels.
bool is_misspelt(std::string_view written, std::string_view wanted);

}  // namespace hopcheck::nginx
