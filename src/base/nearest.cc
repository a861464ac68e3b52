#include "base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace gnomon {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> names) {
  const auto best = std::min_element(names.begin(), names.end(), [&](const auto& x, const auto& y) {
    return edit_distance(word, x) < edit_distance(word, y);
  });
  return best == names.end() ? std::string() : *best;
}

std::string suggest(std::string_view word, std::span<const std::string> names) {
  const std::string best = nearest(word, names);
  const auto close = static_cast<int>(std::max<std::size_t>(2, best.size() / 2));
  if (!best.empty() && edit_distance(word, best) <= close)
    return fmt::format("did you mean '{}'?", best);
  return fmt::format("known: {}", fmt::join(names, ", "));
}

}  // namespace gnomon
