#include "app/run_report.h"

#include <fmt/format.h>

#include "base/file.h"
#include "page/page.h"
#include "train/run.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_points = 4000;

// The answer to what was asked: how good is it, and can it be used?
std::string sentence(const train::RunRecord& record, const std::string& state) {
  const auto& recipe = record.recipe;
  std::string what = fmt::format("{} on {}", recipe.model, train::without_folders(recipe.data));
  if (record.assessments.empty())
    return fmt::format("{}: {} after {} of {} steps, not evaluated yet.", what, state, record.steps,
                       record.total_steps);
  const auto& last = record.assessments.back();
  const std::string good =
      train::has_accuracy(record)
          ? fmt::format("accuracy {:.4f} and loss {:.4f}", last.accuracy, last.test_loss)
          : fmt::format("loss {:.4g}", last.test_loss);
  return fmt::format("{} reached {} on examples it was not trained on, after {} steps in {}.", what,
                     good, last.step, recipe.precision);
}

// What was asked for; 0 asks for nothing.
Json options_of(const train::Recipe& recipe) {
  Json options{{"model", recipe.model}};
  train::for_each_recipe_field([&](const auto& field) {
    const auto& value = recipe.*field.member;
    if (value != std::decay_t<decltype(value)>()) options[field.name] = value;
  });
  return options;
}

// Every so many steps, and the last: means would hide single bad steps.
Json curves_of(const std::vector<train::Step>& steps) {
  const std::size_t every = (steps.size() + most_points - 1) / most_points;
  Json step = Json::array(), loss = Json::array(), rate = Json::array(), norm = Json::array();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i % every != 0 && i + 1 != steps.size()) continue;
    step.push_back(steps[i].number);
    loss.push_back(steps[i].loss);
    rate.push_back(steps[i].learning_rate);
    norm.push_back(steps[i].gradient_norm);
  }
  return {{"step", step}, {"loss", loss}, {"learning_rate", rate}, {"gradient_norm", norm}};
}

}  // namespace

Json run_data(const std::filesystem::path& folder) {
  auto [record, damage] = train::recover_run(folder);
  if (!damage.empty()) record.warnings.push_back(std::move(damage));
  Json samples = Json::array();
  for (const auto& sample : record.samples)
    samples.push_back({{"step", sample.step}, {"prompt", sample.prompt}, {"text", sample.text}});
  const std::string state = train::state_of(record, folder);
  return {{"kind", "run"},
          {"schema", 1},
          {"title", fmt::format("{} on {}", record.recipe.model,
                                train::without_folders(record.recipe.data))},
          {"state", state},
          {"answer", sentence(record, state)},
          {"started", record.started},
          {"options", options_of(record.recipe)},
          {"provenance", record.facts},
          {"steps", curves_of(train::read_steps(folder))},
          {"epochs", train::assessments_json(record)},
          {"samples", std::move(samples)},
          {"checkpoints",
           {{"written", record.checkpoints.written},
            {"writing_seconds", record.checkpoints.writing.value},
            {"waiting_seconds", record.checkpoints.waiting.value},
            {"bytes", record.checkpoints.bytes.value}}},
          {"warnings", record.warnings}};
}

void write_run_report(const std::filesystem::path& folder) {
  write_file(folder / "report.html",
             page::html(run_data(folder).dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace gnomon::app
