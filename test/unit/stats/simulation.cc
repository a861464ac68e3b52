#include "simulation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

namespace gnomon::stats {
namespace {

std::vector<double> independent(int slots, double deviation, Dice& dice) {
  std::vector<double> times;
  for (int i = 0; i < slots; ++i) times.push_back(deviation * dice.normal());
  return times;
}

std::vector<double> read_logarithms(const std::string& name) {
  std::ifstream file(GNOMON_TEST_DATA "/stats/" + name);
  std::vector<double> logarithms;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() < '0' || line.front() > '9') continue;
    logarithms.push_back(std::log(std::stod(line)));
  }
  EXPECT_GE(logarithms.size(), 400u) << name;
  return logarithms;
}

std::vector<double> run_of(const std::vector<double>& series, int slots, Dice& dice) {
  const auto length = static_cast<std::size_t>(slots);
  const auto start = static_cast<std::ptrdiff_t>(dice.below(series.size() - length + 1));
  return {series.begin() + start, series.begin() + start + slots};
}

}  // namespace

std::vector<double> quiet_host(int slots, Dice& dice) { return independent(slots, 0.01, dice); }

std::vector<double> noisy_host(int slots, Dice& dice) { return independent(slots, 0.03, dice); }

std::vector<double> heavy_host(int slots, Dice& dice) {
  auto times = independent(slots, 0.015, dice);
  for (double& time : times) {
    double squares = 0;
    for (int i = 0; i < 3; ++i) squares += std::pow(dice.normal(), 2);
    time /= std::sqrt(squares / 3);
  }
  return times;
}

std::vector<double> drifting_host(int slots, Dice& dice) {
  auto times = independent(slots, 0.01, dice);
  double shared = dice.normal();
  for (int i = 0; i < slots; ++i) {
    shared = 0.9 * shared + std::sqrt(1 - 0.81) * dice.normal();
    times[static_cast<std::size_t>(i)] += 0.05 * shared + 0.2 * i / slots;
  }
  return times;
}

std::vector<double> two_speed_host(int slots, Dice& dice) {
  auto times = independent(slots, 0.01, dice);
  bool slow = dice.below(2) == 0;
  for (double& time : times) {
    if (dice.below(10) == 0) slow = !slow;
    if (slow) time += std::log(3.0);
  }
  return times;
}

std::vector<double> recorded_host(int slots, Dice& dice) {
  static const auto series = read_logarithms("process_medians.csv");
  return run_of(series, slots, dice);
}

std::vector<double> recorded_busy_host(int slots, Dice& dice) {
  static const auto series = read_logarithms("process_medians_busy.csv");
  return run_of(series, slots, dice);
}

std::vector<double> interleaved(Host host, int blocks, double effect, Dice& dice) {
  const auto times = host(2 * blocks, dice);
  std::vector<double> log_ratios;
  for (std::size_t i = 0; i < times.size(); i += 2) {
    const std::size_t subject = i + dice.below(2);
    const std::size_t baseline = subject == i ? i + 1 : i;
    log_ratios.push_back(times[subject] + effect - times[baseline]);
  }
  return log_ratios;
}

double Rate::tolerance(double expected) const {
  return 3 * std::sqrt(expected * (1 - expected) / total);
}

Outcome simulate(Host host, double effect, const Design& design, int maximum, int studies,
                 std::uint64_t seed) {
  const Schedule schedule(design, maximum);
  Outcome outcome;
  outcome.covered_at.resize(schedule.looks().size());
  outcome.stopped_at.resize(schedule.looks().size());
  for (int study = 0; study < studies; ++study) {
    Dice dice(seed, static_cast<std::uint64_t>(study));
    const auto log_ratios = interleaved(host, schedule.maximum(), effect, dice);
    bool stopped = false;
    for (std::size_t look = 0; look < schedule.looks().size(); ++look) {
      const auto blocks = static_cast<std::size_t>(schedule.looks()[look].blocks);
      const auto comparison = compare(std::span(log_ratios).first(blocks), design, schedule);
      const bool covers = comparison.interval.contains(effect);
      outcome.covered_at[look].count(covers);
      const bool stops = !stopped && comparison.stop.has_value();
      outcome.stopped_at[look].count(stops);
      if (!stops) continue;
      stopped = true;
      outcome.covered.count(covers);
      outcome.called.count(comparison.verdict == Verdict::better ||
                           comparison.verdict == Verdict::worse);
      outcome.equivalent.count(comparison.verdict == Verdict::equivalent);
      outcome.mean_blocks += static_cast<double>(blocks) / studies;
    }
  }
  return outcome;
}

std::string percentages(const std::vector<Rate>& rates) {
  std::string text;
  for (const Rate& rate : rates) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{:5.1f}", 100 * rate.value());
  }
  return text;
}

}  // namespace gnomon::stats
