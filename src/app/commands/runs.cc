#include "app/commands/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/run_report.h"
#include "app/runs.h"
#include "base/error.h"
#include "base/hash.h"
#include "train/run.h"

namespace gnomon::app {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> runs;
  bool json = false;
};

// The record; where it is lost, what the newest checkpoint knows, and a word of it.
train::RunRecord record_of(const fs::path& folder) {
  auto [record, damage] = train::recover_run(folder);
  if (!damage.empty()) fmt::print(stderr, "gnomon: {}\n", damage);
  return record;
}

std::string number(std::optional<double> value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

// What is said of a run in one line.
struct Line {
  std::string name, state, model, data, precision, updated;
  std::int64_t steps = 0, total = 0;
  std::optional<double> accuracy, test_loss;
};

Line line_of(const fs::path& folder, const train::RunRecord& record) {
  Line line{folder.filename().string(),
            train::state_of(record, folder),
            record.recipe.model,
            train::without_folders(record.recipe.data),
            record.recipe.precision,
            record.updated,
            record.steps,
            record.total_steps,
            {},
            {}};
  if (record.assessments.empty()) return line;
  line.test_loss = record.assessments.back().test_loss;
  if (train::has_accuracy(record)) line.accuracy = record.assessments.back().accuracy;
  return line;
}

void list(const Arguments& arguments) {
  nlohmann::ordered_json all = nlohmann::json::array();
  const auto folders = train::list_runs(runs_folder);
  if (folders.empty() && !arguments.json)
    fmt::print("no runs in {}/; make one with: gnomon train lenet\n", runs_folder.string());
  if (!folders.empty() && !arguments.json)
    fmt::print("{:<18} {:<12} {:<16} {:<16} {:<9} {:>15} {:>9} {:>10}  {}\n", "run", "state",
               "model", "data", "precision", "steps", "accuracy", "test loss", "last change");
  for (const auto& folder : folders) {
    try {
      const auto line = line_of(folder, record_of(folder));
      if (!arguments.json) {
        fmt::print("{:<18} {:<12} {:<16} {:<16} {:<9} {:>15} {:>9} {:>10}  {}\n", line.name,
                   line.state, line.model, line.data, line.precision,
                   fmt::format("{}/{}", line.steps, line.total), number(line.accuracy, 4),
                   number(line.test_loss, 4), line.updated);
        continue;
      }
      all.push_back({{"run", folder.string()},
                     {"state", line.state},
                     {"model", line.model},
                     {"data", line.data},
                     {"precision", line.precision},
                     {"steps", line.steps},
                     {"total_steps", line.total},
                     {"updated", line.updated}});
      if (line.accuracy) all.back()["accuracy"] = *line.accuracy;
      if (line.test_loss) all.back()["test_loss"] = *line.test_loss;
    } catch (const InputError& error) {
      fmt::print(stderr, "gnomon: {}\n", error.what());
    }
  }
  if (arguments.json) print_json(all);
}

void show(const Arguments& arguments) {
  const auto folder = find_run(arguments.runs.at(0));
  if (arguments.json) {
    print_json(run_data(folder));
    return;
  }
  const auto record = record_of(folder);
  const auto line = line_of(folder, record);
  fmt::print("{}: {}, {} on {}, {}\n", folder.string(), line.state, line.model, line.data,
             line.precision);
  fmt::print("{} of {} steps, {:.0f} examples/s\n", line.steps, line.total,
             record.examples_per_second);
  for (const auto& a : record.assessments)
    fmt::print("  step {:>7}  loss {:.4f}  test loss {:.4f}{}  {}\n", a.step, a.loss, a.test_loss,
               line.accuracy ? fmt::format("  accuracy {:.4f}", a.accuracy) : "",
               to_string(a.duration));
  for (const auto& warning : record.warnings) fmt::print("warning: {}\n", warning);
  write_run_report(folder);
  fmt::print("report: {}\n", (folder / "report.html").string());
}

// Of a program its hash: the text is long.
std::string value_of(const train::Recipe& recipe, const std::string& field) {
  std::string text = field == "model" ? recipe.model : "";
  if (field == "program") text = recipe.program.empty() ? "-" : hash128(recipe.program);
  train::for_each_recipe_field([&](const auto& known) {
    if (field == known.name) text = fmt::format("{}", recipe.*known.member);
  });
  return text;
}

// What was chosen besides the recipe, where two runs differ in it: all that the bits of a result
// depend on, and whether memory was saved, on which they do not.
nlohmann::ordered_json different_facts(const train::RunRecord& one, const train::RunRecord& other) {
  auto json = nlohmann::ordered_json::object();
  for (const auto* fact :
       {"data.hash", "weights.hash", "executor", "threads", "rematerialise", "host.family"}) {
    const auto value = [&](const train::RunRecord& record) {
      const auto found = record.facts.find(fact);
      return found == record.facts.end() || found->second.empty() ? std::string("-")
                                                                  : found->second;
    };
    if (value(one) != value(other)) json[fact] = {value(one), value(other)};
  }
  return json;
}

void compare(const Arguments& arguments) {
  const fs::path folders[] = {find_run(arguments.runs.at(0)), find_run(arguments.runs.at(1))};
  const train::RunRecord records[] = {record_of(folders[0]), record_of(folders[1])};
  const Line lines[] = {line_of(folders[0], records[0]), line_of(folders[1], records[1])};
  nlohmann::ordered_json json{{"runs", {folders[0].string(), folders[1].string()}},
                              {"options", nlohmann::json::object()},
                              {"facts", different_facts(records[0], records[1])},
                              {"results", nlohmann::json::object()}};
  for (const auto& field : train::differences(records[0].recipe, records[1].recipe))
    json["options"][field] = {value_of(records[0].recipe, field),
                              value_of(records[1].recipe, field)};
  const auto result = [&](const char* what, const std::string& one, const std::string& other) {
    json["results"][what] = {one, other};
  };
  result("state", lines[0].state, lines[1].state);
  result("steps", std::to_string(lines[0].steps), std::to_string(lines[1].steps));
  result("accuracy", number(lines[0].accuracy, 4), number(lines[1].accuracy, 4));
  result("test loss", number(lines[0].test_loss, 4), number(lines[1].test_loss, 4));
  result("examples/s", number(records[0].examples_per_second, 0),
         number(records[1].examples_per_second, 0));
  if (arguments.json) {
    print_json(json);
    return;
  }
  fmt::print("{:<16} {:>20} {:>20}\n", "", folders[0].filename().string(),
             folders[1].filename().string());
  for (const auto* part : {"options", "facts", "results"})
    for (const auto& [what, values] : json[part].items())
      fmt::print("{:<16} {:>20} {:>20}\n", what, values[0].get<std::string>(),
                 values[1].get<std::string>());
  fmt::print(
      "\nOne run of each: a difference within what another seed makes is none. "
      "`gnomon study` tells them apart.\n");
}

void remove(const Arguments& arguments) {
  for (const auto& run : arguments.runs) {
    const auto folder = find_run(run);
    {
      const FileLock lock = train::lock_run(folder);
      train::remove_run(folder);
    }
    if (!arguments.json) fmt::print("removed {}\n", folder.string());
  }
}

CLI::App* add(CLI::App& parent, const char* name, const char* what,
              const std::shared_ptr<Arguments>& a, void (*action)(const Arguments&)) {
  auto* command = parent.add_subcommand(name, what);
  command->add_flag("--json", a->json, "Print the result as JSON");
  command->callback([a, action] { action(*a); });
  return command;
}

}  // namespace

void add_runs(CLI::App& parent) {
  auto* runs = parent.add_subcommand("runs", "List, show, compare and remove training runs");
  runs->require_subcommand(1);
  auto a = std::make_shared<Arguments>();
  add(*runs, "list", "All runs in runs/, the last changed last", a, list);
  add(*runs, "show", "One run, and its report written again", a, show)
      ->add_option("run", a->runs, "Its folder, its name, or 'latest' (unfinished)")
      ->required()
      ->expected(1);
  add(*runs, "compare", "Two runs: in what they differ, and in what that results", a, compare)
      ->add_option("run", a->runs, "Their folders or names")
      ->required()
      ->expected(2);
  add(*runs, "remove", "Delete runs with all their files", a, remove)
      ->add_option("run", a->runs, "Their folders or names")
      ->required();
  runs->footer("Example:\n  gnomon train lenet --epochs 1 --examples 6400\n  gnomon runs list");
}

}  // namespace gnomon::app
