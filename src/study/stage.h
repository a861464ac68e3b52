#pragma once

// Stages: work that is done once and kept. A stage's identity is the hash of its command line (with
// the hashes of the stages it uses in place of their paths), its environment, the seed and the
// contents of the program it runs; its artefact lives in FOLDER/<identity>/.
//
// A folder appears under its final name only when the stage has succeeded, so an interrupted stage
// leaves nothing that could be mistaken for a result; what it left is removed by the next run.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "study/runner.h"
#include "study/specification.h"

namespace gnomon::study {

struct Artefact {
  std::string stage;     // name
  std::string identity;  // hash
  std::filesystem::path path;
  bool assesses = false;  // the path holds predictions
  Printed printed;        // its last JSON object
};

class StageCache {
 public:
  explicit StageCache(std::filesystem::path folder);

  // The artefacts of one configuration, stage by stage, run where they are not kept yet. `announce`
  // is told before each run. Throws InputError naming the stage if one fails or leaves no artefact.
  std::vector<Artefact> provide(const Study& study, const Configuration& configuration,
                                const std::function<void(std::string_view)>& announce);

 private:
  Artefact build(const Study& study, const Stage& stage, const std::string& identity,
                 Bindings values);

  std::filesystem::path folder_;
  std::map<std::string, std::string> files_;  // hashes of the programs seen so far
};

}  // namespace gnomon::study
