// The claims of stats/sequential.h, simulated. Every number that doc/statistics.md quotes is
// printed here:
//   test_stats --gtest_filter='Simulated*'
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "simulation.h"
#include "stats/multiple.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

#ifdef NDEBUG
constexpr int kStudies = 1500;
#else
constexpr int kStudies = 150;  // without optimisation; the tolerances widen accordingly
#endif

struct NamedHost {
  const char* name;
  Host host;
};
constexpr NamedHost kHosts[] = {{"quiet", quiet_host},
                                {"noisy", noisy_host},
                                {"heavy-tailed", heavy_host},
                                {"drifting", drifting_host},
                                {"two speeds", two_speed_host},
                                {"recorded", recorded_host},
                                {"recorded, busy", recorded_busy_host}};

void expect_between(const Rate& rate, double low, double high, const std::string& what) {
  EXPECT_GE(rate.value(), low - rate.tolerance(low)) << what;
  EXPECT_LE(rate.value(), high + rate.tolerance(high)) << what;
}

// (a), (d) and, for effects 0 and 1 %, (b): identical arms are rarely called different, and the
// interval covers wherever the study stops.
TEST(SimulatedStudies, HoldTheirErrorsOnEveryHost) {
  fmt::print(
      "looks at 10 15 22 33 40; rates in %, tolerance 3 standard errors of {} studies\n"
      "host             effect  covered at each look          where stopped  called  blocks\n",
      kStudies);
  std::uint64_t seed = 598;
  Rate alarms;
  for (const auto& [name, host] : kHosts) {
    for (const double effect : {0.0, 0.01}) {
      const auto outcome = simulate(host, effect, Design{}, 40, kStudies, seed++);
      fmt::print("{:15}  {:4.0f} %  {}  {:13.1f}  {:6.1f}  {:6.1f}\n", name, 100 * effect,
                 percentages(outcome.covered_at), 100 * outcome.covered.value(),
                 100 * outcome.called.value(), outcome.mean_blocks);
      const auto what = fmt::format("{}, effect {}", name, effect);
      EXPECT_EQ(outcome.covered.total, kStudies) << what;
      for (const Rate& rate : outcome.covered_at) expect_between(rate, 0.93, 0.97, what);
      expect_between(outcome.covered, 0.93, 0.97, what);
      if (effect == 0) {
        expect_between(outcome.called, 0, 0.05, what);
        alarms.hits += outcome.called.hits;
        alarms.total += outcome.called.total;
      }
    }
  }
  fmt::print("false alarms on all hosts together: {:.2f} % of {} studies\n", 100 * alarms.value(),
             alarms.total);
  expect_between(alarms, 0, 0.05, "all hosts");
}

TEST(SimulatedStudies, CoverLargerEffectsToo) {
  for (const double effect : {0.02, 0.04, 0.08}) {
    const auto outcome = simulate(noisy_host, effect, Design{}, 40, kStudies, 599);
    fmt::print(
        "noisy, effect {:.0f} %: covered where stopped {:.1f} %, called {:.1f} %, {:.1f} blocks\n",
        100 * effect, 100 * outcome.covered.value(), 100 * outcome.called.value(),
        outcome.mean_blocks);
    expect_between(outcome.covered, 0.93, 0.97, fmt::format("effect {}", effect));
  }
}

// What the schedule is for: the same looks, each at the 5 % level.
TEST(SimulatedStudies, LooksThatSpendNothingRaiseFalseAlarms) {
  const auto looks = look_blocks(10, 40);
  Rate alarms;
  for (int study = 0; study < kStudies; ++study) {
    Dice dice(600, static_cast<std::uint64_t>(study));
    const auto log_ratios = interleaved(drifting_host, 40, 0, dice);
    bool alarm = false;
    for (const int blocks : looks) {
      const auto seen = std::span(log_ratios).first(static_cast<std::size_t>(blocks));
      alarm = alarm || signed_rank_p_value(seen) <= 0.05;
    }
    alarms.count(alarm);
  }
  fmt::print("false alarms of five looks at 5 % each: {:.1f} %\n", 100 * alarms.value());
  EXPECT_GT(alarms.value(), 0.09);
}

Rate plain_signed_rank(Host host, int blocks, double effect) {
  Rate seen;
  for (int study = 0; study < kStudies; ++study) {
    Dice dice(601, static_cast<std::uint64_t>(study));
    seen.count(signed_rank_p_value(interleaved(host, blocks, effect, dice)) <= 0.05);
  }
  return seen;
}

// (c): a 2 % shift within 30 blocks.
TEST(SimulatedStudies, SeeAShiftOfTwoPerCentInRecordedNoise) {
  const double effect = std::log(1.02);
  for (const auto& [name, host] :
       {NamedHost{"recorded", recorded_host}, NamedHost{"recorded, busy", recorded_busy_host}}) {
    const auto outcome = simulate(host, effect, Design{}, 30, kStudies, 601);
    const double plain = plain_signed_rank(host, 30, effect).value();
    fmt::print(
        "{}: a 2 % shift within 30 blocks seen {:.1f} % (plain signed-rank {:.1f} %), "
        "{:.1f} blocks\n",
        name, 100 * outcome.called.value(), 100 * plain, outcome.mean_blocks);
    if (host == recorded_host) {
      EXPECT_GE(outcome.called.value(), 0.60);
    }
    EXPECT_GE(outcome.called.value(), 0.85 * plain) << name;
  }
}

// The winner of eight identical configurations: an ordinary interval overstates it.
TEST(SimulatedStudies, TheChosenConfigurationIsNotFlattered) {
  constexpr int kCandidates = 8;
  Rate ordinary;
  Rate adjusted;
  for (int study = 0; study < kStudies; ++study) {
    Dice dice(602, static_cast<std::uint64_t>(study));
    std::vector<std::vector<double>> log_ratios(kCandidates);
    for (int block = 0; block < 15; ++block) {
      const double baseline = dice.normal();
      for (auto& one : log_ratios) one.push_back(0.02 * (dice.normal() - baseline));
    }
    const auto best = *std::min_element(
        log_ratios.begin(), log_ratios.end(),
        [](const auto& a, const auto& b) { return hodges_lehmann(a) < hodges_lehmann(b); });
    ordinary.count(signed_rank_interval(best, 0.05).contains(0));
    adjusted.count(chosen_interval(best, 0.05, kCandidates).contains(0));
  }
  fmt::print("the best of 8 equals: ordinary interval covers {:.1f} %, adjusted {:.1f} %\n",
             100 * ordinary.value(), 100 * adjusted.value());
  EXPECT_LT(ordinary.value(), 0.95);
  EXPECT_GE(adjusted.value(), 0.95 - adjusted.tolerance(0.95));
}

}  // namespace
}  // namespace gnomon::stats
