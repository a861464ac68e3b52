#include "stats/hypervolume.h"

#include <algorithm>

#include "base/error.h"

namespace gnomon::stats {
namespace {

using Points = std::vector<std::vector<double>>;

// Of points that lie strictly within the reference, in their first `coordinates` coordinates.
double sliced(Points points, const std::vector<double>& reference, std::size_t coordinates) {
  if (points.empty()) return 0;
  const std::size_t last = coordinates - 1;
  std::sort(points.begin(), points.end(),
            [last](const auto& a, const auto& b) { return a[last] < b[last]; });
  if (coordinates == 1) return reference[0] - points.front()[0];
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double end = i + 1 < points.size() ? points[i + 1][last] : reference[last];
    const double depth = end - points[i][last];
    if (depth <= 0) continue;
    const Points slice(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    volume += depth * sliced(slice, reference, last);
  }
  return volume;
}

}  // namespace

double hypervolume(Points points, const std::vector<double>& reference) {
  GNOMON_CHECK(!reference.empty(), "a hypervolume in no dimensions");
  std::erase_if(points, [&](const auto& point) {
    GNOMON_CHECK(point.size() == reference.size(), "{} coordinates, the reference has {}",
                 point.size(), reference.size());
    return !std::equal(point.begin(), point.end(), reference.begin(),
                       [](double value, double limit) { return value < limit; });
  });
  return sliced(std::move(points), reference, reference.size());
}

}  // namespace gnomon::stats
