#include "study/stage.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace gnomon::study {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kArtefact = "artefact";
constexpr std::string_view kOutput = "output.txt";
constexpr double kLargestFile = 1 << 30;

bool uses(const Stage& stage, std::string_view hole) {
  const auto all = holes(stage.command);
  return std::find(all.begin(), all.end(), hole) != all.end();
}

// The word; of one that names a file (a program, a script) also the contents, so that a rebuilt
// program makes its artefacts anew. What a shell's own line starts is not seen.
std::string word_identity(const std::string& word, std::map<std::string, std::string>& known) {
  if (const auto found = known.find(word); found != known.end()) return found->second;
  std::error_code unreadable;
  if (!fs::is_regular_file(word, unreadable)) return word;
  return known[word] = fs::path(word).filename().string() + '=' +
                       hash128(read_file(word, Bytes(kLargestFile)));
}

std::string identity_of(const Stage& stage, const Bindings& values,
                        std::map<std::string, std::string>& files) {
  std::string text;
  for (const std::string& word : command_words(stage.command, values))
    text += word_identity(word, files) + '\0';
  for (const auto& [variable, value] : stage.environment)
    text += '\0' + variable + '=' + fill(value, values);
  return hash128(text).substr(0, 16);
}

// Temporary folders are NAME.PID; those of living processes are left alone.
void remove_abandoned(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string suffix = entry.path().extension().string();
    if (suffix.size() < 2) continue;
    const int pid = std::atoi(suffix.c_str() + 1);
    if (pid > 0 && ::kill(pid, 0) != 0) fs::remove_all(entry.path());
  }
}

}  // namespace

StageCache::StageCache(fs::path folder) : folder_(std::move(folder)) { remove_abandoned(folder_); }

std::vector<Artefact> StageCache::provide(const Study& study, const Configuration& configuration,
                                          const std::function<void(std::string_view)>& announce) {
  std::vector<Artefact> artefacts;
  Bindings paths = bindings(study, configuration);
  Bindings identities = paths;
  for (const Stage& stage : study.stages) {
    // The seed is part of the identity through its hole: a command without one does not depend on
    // it.
    identities["artefact"] = identities["predictions"] = "";
    const std::string identity = identity_of(stage, identities, files_);
    Artefact artefact{
        stage.name, identity, folder_ / identity / kArtefact, uses(stage, "predictions"), {}};
    if (!fs::exists(artefact.path)) {
      announce(stage.name);
      artefact = build(study, stage, identity, paths);
    }
    artefact.printed = last_object(read_file(folder_ / identity / kOutput, Bytes(16 << 20)));
    paths["stage." + stage.name] = artefact.path.string();
    identities["stage." + stage.name] = identity;
    artefacts.push_back(std::move(artefact));
  }
  return artefacts;
}

Artefact StageCache::build(const Study& study, const Stage& stage, const std::string& identity,
                           Bindings values) {
  const fs::path temporary = folder_ / fmt::format("{}.{}", identity, ::getpid());
  fs::remove_all(temporary);
  create_folder(temporary);
  const fs::path path = temporary / kArtefact;
  values["artefact"] = values["predictions"] = path.string();
  Command command;
  command.argv = command_words(stage.command, values);
  for (const auto& [variable, value] : stage.environment)
    command.environment[variable] = fill(value, values);
  command.timeout = study.method.stage_timeout;
  const Outcome outcome = run_command(command);
  if (outcome.exit_code != 0 || !fs::exists(path)) {
    fs::remove_all(temporary);
    const std::string line = last_line(outcome.err.empty() ? outcome.out : outcome.err);
    const std::string why =
        outcome.timed_out        ? "did not finish within " + to_string(command.timeout)
        : outcome.exit_code != 0 ? fmt::format("exit code {}: {}", outcome.exit_code, line)
                                 : "wrote nothing at " + path.string();
    throw InputError("stage {}: {}; try it alone: {}", stage.name, why, quoted(command.argv));
  }
  write_file(temporary / kOutput, outcome.out);
  fs::remove_all(folder_ / identity);
  fs::rename(temporary, folder_ / identity);
  return {stage.name, identity, folder_ / identity / kArtefact, uses(stage, "predictions"), {}};
}

}  // namespace gnomon::study
