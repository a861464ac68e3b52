#include "app/commands/ir.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/execution.h"
#include "base/error.h"
#include "base/file.h"
#include "ir/op_info.h"
#include "ir/regions.h"
#include "ir/text.h"
#include "pass/pipeline.h"
#include "pass/plan_memory.h"
#include "train/loss.h"
#include "train/recipe.h"

namespace gnomon::app {
namespace {

constexpr std::int64_t largest_batch = 128;
constexpr double largest_file = 256 << 20;
const std::string as_written = "none";

struct Arguments {
  std::string model;
  std::int64_t batch = 0;
  std::string precision = "f32";
  std::string target = "cpu";
  std::string after, rematerialise;
  std::vector<std::string> without;
  bool train = false, dot = false, json = false, plan = false;
};

// Gives the leading dimension of the first argument this size.
ir::Program with_batch(const ir::Program& program, std::int64_t batch) {
  const auto inputs = ir::inputs_of(program);
  if (inputs.empty()) throw InputError("{}: has no argument to take a batch", program.name);
  const ir::Dims& dims = program.nodes[inputs[0]].results[0].dims;
  if (dims.empty() || !dims[0].is_symbol())
    throw InputError("{}: the batch is fixed in the program; leave --batch out", program.name);
  return ir::specialise(program, {{dims[0].symbol, batch}});
}

ir::Program built(const Arguments& arguments) {
  const bool text = train::family_of(arguments.model) == train::Family::language_model;
  const std::int64_t usual = text ? train::default_recipe(arguments.model).batch : largest_batch;
  train::ModelShape shape;
  shape.batch = text && arguments.batch > 0 ? arguments.batch : std::max(arguments.batch, usual);
  return train::build_model(arguments.model, shape,
                            arguments.train ? train::Mode::training : train::Mode::inference);
}

ir::Program load(const Arguments& arguments) {
  const bool is_file = train::is_program_file(arguments.model);
  if (arguments.batch < 0) throw InputError("--batch {}: must be at least 1", arguments.batch);
  ir::Program program =
      is_file ? ir::parse(read_file(arguments.model, Bytes(largest_file)), arguments.model)
              : built(arguments);
  const bool has_loss = std::any_of(program.outputs.begin(), program.outputs.end(),
                                    [](const ir::Output& output) { return output.name == "loss"; });
  if (arguments.train && !has_loss)
    program = train::with_loss(std::move(program), train::Loss::cross_entropy);
  const bool is_symbol = !ir::symbols_of(program).empty();
  return arguments.batch == 0 || (!is_file && !is_symbol) ? program
                                                          : with_batch(program, arguments.batch);
}

pass::PipelineOptions pipeline(const Arguments& arguments) {
  pass::PipelineOptions options;
  const auto precision = dtype_named(arguments.precision);
  if (!precision)
    throw InputError("--precision {}: unknown; known: f32, bf16", arguments.precision);
  options.precision = *precision;
  if (arguments.train)
    options.training =
        pass::Training{"loss", train::train_options(train::default_recipe(arguments.model)).update};
  options.without = {arguments.without.begin(), arguments.without.end()};
  options.after = arguments.after;
  options.memory = memory_budget(arguments.rematerialise);
  if (arguments.after == as_written) {
    options.after.clear();
    for (const auto& step : pass::pipeline_steps()) options.without.insert(step);
  }
  return options;
}

nlohmann::json to_json(const pass::Lowered& lowered, const pass::MemoryPlan& plan) {
  nlohmann::json steps = nlohmann::json::array();
  for (const auto& step : lowered.steps)
    steps.push_back(
        {{"name", step.name}, {"seconds", step.seconds.value}, {"changed", step.changed}});
  nlohmann::json values = nlohmann::json::array();
  for (std::size_t node = 0; node < plan.values.size(); ++node)
    for (const auto& value : plan.values[node])
      values.push_back({{"node", node},
                        {"place", pass::name(value.place)},
                        {"offset", value.offset},
                        {"bytes", value.bytes}});
  return {{"name", lowered.program.name},
          {"operations", ir::program_flops(lowered.program).value},
          {"steps", std::move(steps)},
          {"program", ir::print(lowered.program)},
          {"memory",
           {{"arena_bytes", plan.arena_bytes},
            {"lower_bound", plan.lower_bound},
            {"values", std::move(values)}}}};
}

void run(const Arguments& arguments) {
  Execution execution;
  execution.executor = arguments.target;
  const auto executor = make_executor(execution);
  const auto lowered = pass::lower(load(arguments), executor->target(), pipeline(arguments));
  if (arguments.dot) {
    fmt::print("{}", ir::dot(lowered.program));
    return;
  }
  if (arguments.json) {
    const auto plan = pass::plan_memory(lowered.program, executor->target());
    fmt::print("{}\n", to_json(lowered, plan).dump());
    return;
  }
  // As comments of the text form, so that what is printed can be read back.
  for (const auto& step : lowered.steps)
    fmt::print("# {}: {}, {}\n", step.name, to_string(step.seconds),
               step.changed ? "changed the program" : "changed nothing");
  if (lowered.recomputation) fmt::print("# {}\n", sentence(*lowered.recomputation));
  fmt::print("# {} per run\n", to_string(ir::program_flops(lowered.program)));
  if (arguments.plan)
    fmt::print("{}", pass::to_string(pass::plan_memory(lowered.program, executor->target()),
                                     lowered.program));
  else
    fmt::print("{}", ir::print(lowered.program));
}

}  // namespace

void add_ir(CLI::App& parent) {
  auto* command = parent.add_subcommand("ir", "Show a program, after any of the passes");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command
      ->add_option("model", a.model,
                   fmt::format("One of: {}; or a file that ends in .gir",
                               fmt::join(train::model_names(), ", ")))
      ->required();
  command->add_option("--batch", a.batch, "Fix the batch; by default it is a symbol");
  command->add_flag("--train", a.train, "The training step: loss, gradients and updates");
  command->add_option("--precision", a.precision, "f32, or bf16 with f32 master weights")
      ->capture_default_str();
  command->add_option("--after", a.after,
                      fmt::format("Stop after this pass; by default all are run: {}. 'none' shows "
                                  "the program as written",
                                  fmt::join(pass::pipeline_steps(), ", ")));
  command->add_option("--without", a.without, "Leave this pass out; may be repeated");
  add_rematerialise_option(*command, a.rematerialise);
  command->add_option("--target", a.target, "Whose fusions and layouts: cpu or reference")
      ->capture_default_str();
  auto* dot = command->add_flag("--dot", a.dot, "Print a graph for Graphviz");
  auto* json = command->add_flag("--json", a.json, "Print program, passes and memory plan as JSON");
  command->add_flag("--plan", a.plan, "Print the memory plan instead of the program")
      ->excludes(dot)
      ->excludes(json);
  dot->excludes(json);
  command->footer("Example:\n  gnomon ir lenet --train --batch 32 --target cpu --after fuse");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
