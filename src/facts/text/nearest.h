// Words that were probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the fewest of them, the first of several; "" where there is none.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace hopcheck
