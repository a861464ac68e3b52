#pragma once

// Carries a study out: stages, pilot, randomised complete blocks with a hidden A/A arm, looks, and
// the decision when to stop.
//
// Every block runs every configuration once, and one of them twice, in an order drawn from (seed,
// block). After the pilot the greatest number of blocks that the budget pays for is fixed, and with
// it the looks (stats/sequential.h). A finished block is recorded at once; the first block must
// succeed everywhere, because a command that cannot run is a mistake and not a measurement; later
// failures and timeouts are kept as censored.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/mapping.h"
#include "study/analysis.h"
#include "study/record.h"

namespace gnomon::study {

struct EngineOptions {
  std::filesystem::path stages = "runs/stages";
  std::map<std::string, std::string> provenance;  // read_provenance
  std::optional<machine::Mapping> price;          // needed by cost.per_million
  std::function<void(std::string_view)> announce = [](std::string_view) {};  // lines for people
};

struct Finished {
  std::int64_t run = 0;
  Evidence evidence;
  Report report;
};

// Runs the study, or continues an unfinished run of it. Throws InputError for a command that fails,
// hangs or prints no number in the first block, and for a budget that is less than one block;
// Interrupted after recording what there is.
Finished run_study(const Study& study, Records& records, const EngineOptions& options);

// One place in a block: a configuration, or its twin.
struct Place {
  int configuration = 0;
  bool aa = false;

  bool operator==(const Place&) const = default;
};

// The order of a block, and the configuration that the A/A arm repeats: pure functions of the seed.
std::vector<Place> block_order(int configurations, int twin, std::uint64_t seed, int block);
int choose_twin(int configurations, std::uint64_t seed);

}  // namespace gnomon::study
