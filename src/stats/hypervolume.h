#pragma once

// The volume that a set of points dominates.

#include <vector>

namespace gnomon::stats {

// Volume of the union of the boxes from each point to `reference`; coordinates that are not smaller
// than the reference's add nothing. Small is good in every coordinate. By slicing along the last
// coordinate (HSO: While, Bradstreet, Barone and Hingston, "A faster algorithm for calculating
// hypervolume", IEEE TEC, 2006): exact, exponential in the number of coordinates, meant for a
// handful of them. All points and the reference have the same, positive number of coordinates.
double hypervolume(std::vector<std::vector<double>> points, const std::vector<double>& reference);

}  // namespace gnomon::stats
