#include "app/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/nearest.h"
#include "train/run.h"

namespace gnomon::app {
namespace {

namespace fs = std::filesystem;

const std::string latest_name = "latest";

// The latest run of which `wanted` is true; empty if there is none. What cannot be read is passed
// over.
template <typename F>
fs::path latest(F&& wanted) {
  const auto runs = train::list_runs(runs_folder);
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    try {
      if (wanted(train::recover_run(*run).record, *run)) return *run;
    } catch (const InputError&) {
      continue;
    }
  }
  return {};
}

std::vector<std::string> run_names() {
  std::vector<std::string> names{latest_name};
  for (const auto& run : train::list_runs(runs_folder)) names.push_back(run.filename().string());
  return names;
}

// Where the run's model is, or will be: what --out said, else in its folder.
fs::path model_of(const train::RunRecord& record, const fs::path& folder) {
  const auto out = record.facts.find("out");
  return out == record.facts.end() || out->second.empty() ? train::model_path(folder)
                                                          : fs::path(out->second);
}

fs::path existing_model_of(const fs::path& folder, const std::string& name) {
  const auto path = model_of(train::recover_run(folder).record, folder);
  if (fs::exists(path)) return path;
  throw InputError("run {}: has no model at {} yet; go on with: gnomon train --resume {}", name,
                   path.string(), folder.string());
}

}  // namespace

fs::path find_unfinished_run(const std::string& name, const std::string& model) {
  if (name != latest_name) return find_run(name);
  auto found = latest([&](const train::RunRecord& record, const fs::path& folder) {
    return (record.state == train::RunState::running ||
            record.state == train::RunState::interrupted) &&
           !train::is_held(folder) && (model.empty() || record.recipe.model == model);
  });
  if (found.empty())
    throw InputError("latest: no run{} in {}/ is unfinished", model.empty() ? "" : " of " + model,
                     runs_folder.string());
  return found;
}

fs::path find_run(const std::string& name) {
  if (name == latest_name) {
    auto found = latest([](const train::RunRecord&, const fs::path&) { return true; });
    if (found.empty())
      throw InputError("latest: there is no run in {}/; make one with: gnomon train lenet",
                       runs_folder.string());
    return found;
  }
  for (const fs::path& folder : {fs::path(name), runs_folder / name})
    if (train::holds_run(folder)) return folder;
  throw InputError("run {}: there is none; {}", name, suggest(name, run_names()));
}

fs::path find_run_of(const std::string& name) {
  if (name != latest_name && !train::holds_run(name) && !train::holds_run(runs_folder / name)) {
    const auto found = latest([&](const train::RunRecord& record, const fs::path&) {
      return record.recipe.model == name;
    });
    if (!found.empty()) return found;
  }
  return find_run(name);
}

fs::path find_model(const std::string& name) {
  if (fs::is_regular_file(name)) return name;
  for (const fs::path& folder : {fs::path(name), runs_folder / name})
    if (train::holds_run(folder)) return existing_model_of(folder, name);
  const auto found = latest([&](const train::RunRecord& record, const fs::path& folder) {
    return record.recipe.model == name && fs::exists(model_of(record, folder));
  });
  if (!found.empty()) return existing_model_of(found, name);
  train::family_of(name);
  throw InputError("{}: no run of it in {}/ has a model; make one with: gnomon train {}", name,
                   runs_folder.string(), name);
}

void print_json(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace gnomon::app
