#pragma once

// Simulated studies: hosts that misbehave, pairs of arms measured on them in interleaved blocks,
// and how often the procedure is right.

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "stats/verdict.h"

namespace gnomon::stats {

// A stream of random numbers of one simulated study.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t study) : random_(seed, study) {}
  double uniform() { return random_.uniform(next_++); }
  double normal() { return random_.normal(next_++); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound, next_++); }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

// log of the time that one process takes in each of `slots` consecutive slots.
using Host = std::vector<double> (*)(int slots, Dice& dice);

std::vector<double> quiet_host(int slots, Dice& dice);     // independent normal, 1 %
std::vector<double> noisy_host(int slots, Dice& dice);     // independent normal, 3 %
std::vector<double> heavy_host(int slots, Dice& dice);     // Student's t, 3 degrees, 1.5 %
std::vector<double> drifting_host(int slots, Dice& dice);  // lag-1 0.9 and 20 % drift, both shared
std::vector<double> two_speed_host(int slots,
                                   Dice& dice);  // 3× slower for some ten slots at a time
std::vector<double> recorded_host(int slots, Dice& dice);  // a run of the recorded series
std::vector<double> recorded_busy_host(int slots, Dice& dice);

// Log ratios of a subject that takes exp(effect) times as long as the baseline, one block after the
// other, the order within each block drawn at random.
std::vector<double> interleaved(Host host, int blocks, double effect, Dice& dice);

struct Rate {
  int hits = 0;
  int total = 0;
  void count(bool hit) {
    hits += hit ? 1 : 0;
    ++total;
  }
  double value() const { return total > 0 ? static_cast<double>(hits) / total : 0; }
  // Three standard errors of a rate near `expected`: the Monte-Carlo tolerance of a test.
  double tolerance(double expected) const;
};

struct Outcome {
  std::vector<Rate> covered_at;  // per look, over all studies, stopped or not
  std::vector<Rate> stopped_at;  // per look
  Rate covered;                  // by the interval reported where the study stopped
  Rate called;                   // better or worse
  Rate equivalent;
  double mean_blocks = 0;
};

// Runs `studies` studies, each to the stop that `compare` calls for.
Outcome simulate(Host host, double effect, const Design& design, int maximum, int studies,
                 std::uint64_t seed);

// "96.1 95.0 …", in per cent.
std::string percentages(const std::vector<Rate>& rates);

}  // namespace gnomon::stats
