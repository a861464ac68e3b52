#include "train/replay.h"

#include <charconv>

#include "base/error.h"
#include "data/safetensors.h"
#include "ir/text.h"

namespace gnomon::train {
namespace {

constexpr const char *what_key = "gnomon.replay", *program_key = "program", *model_key = "model",
                     *step_key = "step";

std::string argument_name(std::size_t i) { return fmt::format("operand{}", i); }

}  // namespace

void save_replay(const std::filesystem::path& path, const Replay& replay) {
  data::NamedTensors contents;
  for (std::size_t i = 0; i < replay.isolated.arguments.size(); ++i)
    contents.tensors.emplace(argument_name(i), replay.isolated.arguments[i]);
  contents.metadata = {{what_key, replay.isolated.what},
                       {model_key, replay.model},
                       {step_key, std::to_string(replay.step)}};
  if (!replay.isolated.program.nodes.empty())
    contents.metadata[program_key] = ir::print(replay.isolated.program);
  data::write_safetensors(path, contents);
}

Replay load_replay(const std::filesystem::path& path) {
  auto contents = data::read_safetensors(path);
  const auto& metadata = contents.metadata;
  const auto value = [&](const char* key) {
    const auto found = metadata.find(key);
    if (found == metadata.end())
      throw InputError(
          "{}: is no replay: its metadata has no '{}'; `gnomon train` writes one when "
          "a loss is not finite",
          path.string(), key);
    return found->second;
  };
  Replay replay;
  replay.isolated.what = value(what_key);
  replay.model = value(model_key);
  const std::string step = value(step_key);
  std::from_chars(step.data(), step.data() + step.size(), replay.step);
  for (std::size_t i = 0; i < contents.tensors.size(); ++i) {
    const auto found = contents.tensors.find(argument_name(i));
    if (found == contents.tensors.end())
      throw InputError("{}: has no {}", path.string(), argument_name(i));
    replay.isolated.arguments.push_back(std::move(found->second));
  }
  if (metadata.contains(program_key))
    replay.isolated.program = ir::parse(value(program_key), path.string());
  return replay;
}

std::optional<Replay> find_origin(Trainer& trainer, exec::Executor& executor,
                                  const Snapshot& snapshot, std::int64_t step) {
  trainer.resume(snapshot);
  try {
    trainer.advance(step - 1);
  } catch (const NotFinite& earlier) {
    return find_origin(trainer, executor, snapshot, earlier.step.number);
  }
  auto isolated = trainer.first_nonfinite(executor);
  if (!isolated) return std::nullopt;
  return Replay{std::move(*isolated), trainer.model().name, step};
}

}  // namespace gnomon::train
