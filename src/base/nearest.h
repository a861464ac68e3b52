#pragma once

// The right name nearest to a wrong one, for messages about unknown keys, models, data sets and
// options.

#include <span>
#include <string>
#include <string_view>

namespace gnomon {

// The number of single-character insertions, deletions, replacements and swaps of neighbours that
// turn one word into the other (optimal string alignment). Bytes, not code points.
int edit_distance(std::string_view a, std::string_view b);

// The name with the smallest distance, the first of several; empty if `names` is.
std::string nearest(std::string_view word, std::span<const std::string> names);

// The remedy at the end of a message: "did you mean 'memory_gib'?" if one name is close, otherwise
// "known: a, b, c".
std::string suggest(std::string_view word, std::span<const std::string> names);

}  // namespace gnomon
