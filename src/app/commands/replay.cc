#include "app/commands/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/text.h"
#include "train/replay.h"

namespace gnomon::app {
namespace {

struct Arguments {
  std::string file;
  bool json = false;
};

nlohmann::ordered_json summary(const Tensor& tensor) {
  const Tensor wide = convert(tensor, DType::f64);
  double least = INFINITY, greatest = -INFINITY;
  std::int64_t first = -1, index = 0;
  for (const double value : wide.span<double>()) {
    if (std::isfinite(value)) {
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    } else if (first < 0) {
      first = index;
    }
    ++index;
  }
  nlohmann::ordered_json json{
      {"type", fmt::format("{}{}", name(tensor.dtype()), to_string(tensor.shape()))},
      {"not_finite", exec::count_nonfinite(tensor)}};
  if (least <= greatest) json["least"] = least, json["greatest"] = greatest;
  if (first >= 0) json["first_at"] = first;
  return json;
}

std::vector<Tensor> results_of(const exec::Isolated& isolated, exec::Executor& executor) {
  std::vector<const Tensor*> pointers;
  for (const auto& argument : isolated.arguments) pointers.push_back(&argument);
  exec::States states(isolated.program, 0);
  std::vector<Tensor> results;
  executor.compile(isolated.program)->run(pointers, states, results);
  return results;
}

void print_values(std::string_view what, const nlohmann::ordered_json& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& value = values[i];
    fmt::print("  {:<22} {}", fmt::format("{} {}", what, i), value["type"].get<std::string>());
    if (value.contains("least"))
      fmt::print(", from {:.6g} to {:.6g}", value["least"].get<double>(),
                 value["greatest"].get<double>());
    if (value.contains("first_at"))
      fmt::print(", {} not finite, the first at {}", value["not_finite"].get<std::int64_t>(),
                 value["first_at"].get<std::int64_t>());
    fmt::print("\n");
  }
}

void run(const Arguments& arguments) {
  const auto replay = train::load_replay(arguments.file);
  const auto& isolated = replay.isolated;
  nlohmann::ordered_json json{{"operator", isolated.what},
                              {"model", replay.model},
                              {"step", replay.step},
                              {"operands", nlohmann::ordered_json::array()}};
  for (const auto& argument : isolated.arguments) json["operands"].push_back(summary(argument));
  if (!isolated.program.nodes.empty()) {
    exec::CpuExecutor cpu(exec::CpuOptions{});
    exec::ReferenceExecutor reference;
    for (exec::Executor* executor :
         {static_cast<exec::Executor*>(&reference), static_cast<exec::Executor*>(&cpu)}) {
      auto& results = json[std::string(executor->name())] = nlohmann::ordered_json::array();
      for (const auto& result : results_of(isolated, *executor)) results.push_back(summary(result));
    }
  }
  if (arguments.json) {
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} of {}, step {}\n", isolated.what, replay.model, replay.step);
  print_values("operand", json["operands"]);
  if (isolated.program.nodes.empty()) return;
  for (const auto* executor : {"reference", "cpu"})
    print_values(fmt::format("{} result", executor), json[executor]);
  const auto bad = [&](const char* executor) {
    return std::any_of(json[executor].begin(), json[executor].end(),
                       [](const auto& value) { return value["not_finite"] != 0; });
  };
  fmt::print(
      "{}\n",
      bad("reference") != bad("cpu") ? "The executors differ: this is a fault of one of them."
      : bad("cpu") ? "Both executors agree: the numbers are beyond what the operator can take."
                   : "By itself the operator makes finite numbers only.");
  fmt::print("\n{}", ir::print(isolated.program));
}

}  // namespace

void add_replay(CLI::App& parent) {
  auto* command = parent.add_subcommand(
      "replay", "Look again at the operator that first made a number which is not finite");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("file", arguments->file, "What `gnomon train` wrote when a loss was not finite")
      ->required();
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->footer("Example:\n  gnomon replay runs/lenet-1/replay.safetensors");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
