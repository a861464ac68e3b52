#pragma once

// The chance that a sum, looked at now and then, has ever left its corridor.

#include <vector>

namespace gnomon::stats {

// S is a sum of independent standard normal steps, one per block, and the studies that go on are
// those whose |S| stayed below z·√n at every look so far. Their distribution is carried from look
// to look by the recursion of Armitage, McPherson and Rowe ("Repeated significance tests on
// accumulating data", JRSS A, 1969), integrated by Simpson's rule; its error is below 10⁻⁶ for
// looks that are a tenth of the blocks apart or more. A value: copy it to try two continuations.
class BoundaryCrossing {
 public:
  // Probability that a study has not crossed before and crosses ±z·√blocks now. `blocks` must
  // exceed those of the looks so far.
  double probability(int blocks, double z) const;

  // The two-sided level of a look at `blocks` at which exactly a probability of `wanted` crosses
  // there.
  double level_for(int blocks, double wanted) const;

  // Looks at `blocks` with a two-sided level in (0, 1) and goes on with those that do not cross.
  void look(int blocks, double level);

  // Probability of having crossed at any look so far.
  double spent() const { return spent_; }

 private:
  double at(std::size_t i) const;

  int blocks_ = 0;
  double limit_ = 0;
  double spent_ = 0;
  std::vector<double> mass_;  // of S on an even grid over [−limit_, limit_]; empty before any look
};

// The |z| beyond which a two-sided normal test at `level` rejects, and back.
double normal_boundary(double level);
double normal_level(double z);

}  // namespace gnomon::stats
