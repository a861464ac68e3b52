#include "stats/sequential.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/crossing.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::equivalent:
      return "equivalent within the margin";
    case StopReason::decided:
      return "decided";
    case StopReason::half_width:
      return "interval narrow enough";
    case StopReason::budget:
      return "budget spent";
    case StopReason::exhausted:
      return "all blocks run";
  }
  return "";
}

std::vector<int> look_blocks(int min_blocks, int maximum) {
  std::vector<int> blocks;
  for (int n = min_blocks; n < maximum; n += n / 2) blocks.push_back(n);
  // A look just before the last would spend alpha to save next to nothing.
  if (blocks.size() > 1 && maximum - blocks.back() < blocks.back() / 8) blocks.pop_back();
  blocks.push_back(maximum);
  return blocks;
}

Schedule::Schedule(const Design& design, int maximum)
    : alpha_(design.alpha), width_share_(design.width_share) {
  GNOMON_CHECK(design.alpha > 0 && design.alpha < 1, "alpha {}", design.alpha);
  GNOMON_CHECK(design.early_share >= 0 && design.early_share <= 1, "early share {}",
               design.early_share);
  GNOMON_CHECK(design.width_share > 0 && design.width_share <= 1, "width share {}",
               design.width_share);
  GNOMON_CHECK(design.min_blocks >= 2 && design.min_blocks <= design.max_blocks, "{}..{} blocks",
               design.min_blocks, design.max_blocks);
  maximum = std::clamp(maximum, design.min_blocks, design.max_blocks);

  BoundaryCrossing crossing;
  for (const int blocks : look_blocks(design.min_blocks, maximum)) {
    before_.push_back(crossing);
    const double remaining = alpha_ - crossing.spent();
    const double due = blocks == maximum
                           ? remaining
                           : design.early_share * alpha_ * blocks / maximum - crossing.spent();
    Look look = final_levels(blocks, crossing);
    if (due > 0) {
      look.early_level = signed_rank_region(blocks, crossing.level_for(blocks, due)).level;
    }
    if (look.early_level > 0) crossing.look(blocks, look.early_level);
    if (blocks == maximum) look.width_level = look.final_level;
    looks_.push_back(look);
  }
}

std::optional<int> Schedule::next_look(int blocks) const {
  for (const Look& look : looks_) {
    if (look.blocks > blocks) return look.blocks;
  }
  return std::nullopt;
}

const BoundaryCrossing& Schedule::before(int blocks) const {
  const auto next = std::find_if(looks_.begin(), looks_.end(),
                                 [blocks](const Look& look) { return look.blocks >= blocks; });
  GNOMON_CHECK(next != looks_.end(), "{} blocks, the schedule ends at {}", blocks, maximum());
  return before_[static_cast<std::size_t>(next - looks_.begin())];
}

bool Schedule::is_look(int blocks) const {
  return std::any_of(looks_.begin(), looks_.end(),
                     [blocks](const Look& look) { return look.blocks == blocks; });
}

Look Schedule::at(int blocks) const {
  for (const Look& look : looks_) {
    if (look.blocks == blocks) return look;
  }
  return final_levels(blocks, before(blocks));
}

Look Schedule::final_levels(int blocks, const BoundaryCrossing& crossing) const {
  const double remaining = alpha_ - crossing.spent();
  return {blocks, 0, crossing.level_for(blocks, width_share_ * remaining),
          crossing.level_for(blocks, remaining)};
}

double Schedule::p_value(int blocks, double p) const {
  GNOMON_CHECK(p >= 0 && p <= 1, "a p value of {}", p);
  const auto& crossing = before(blocks);
  // The smallest p value of a hundred exact ranks is about 1e-30.
  const double reached = crossing.probability(blocks, normal_boundary(std::max(p, 1e-300)));
  return std::min(1.0, crossing.spent() + reached);
}

Schedule plan(std::span<const double> pilot, const Design& design, int affordable) {
  GNOMON_CHECK(pilot.size() >= 2, "a pilot of {} blocks", pilot.size());
  // The interval's half-width shrinks with the root of the number of blocks. The pilot may be too
  // small for 95 %, so compare at 50 %, where even three ranks give an interval.
  const auto half = signed_rank_interval(pilot, 0.5);
  const auto pilot_blocks = static_cast<double>(pilot.size());
  const double ratio = normal_boundary(design.alpha) / normal_boundary(1 - half.confidence);
  const double shrink = half.half_width() * ratio / std::log1p(design.half_width);
  const double needed = 1.25 * pilot_blocks * shrink * shrink;
  const int blocks =
      needed < design.max_blocks ? static_cast<int>(std::ceil(needed)) : design.max_blocks;
  return Schedule(design, std::min(blocks, affordable));
}

}  // namespace gnomon::stats
