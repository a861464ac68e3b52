#include "app/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "exec/cpu/cpu.h"
#include "exec/cpu/generated_code.h"
#include "exec/reference/reference.h"
#include "trace/folded.h"
#include "trace/recorder.h"
#include "trace/stack_sampler.h"
#include "trace/write.h"

namespace gnomon::app {

void add_threads_option(CLI::App& command, Execution& execution) {
  command.add_option("--threads", execution.threads, "Threads that compute; default: one per core")
      ->check(at_least_1);
}

void add_execution_options(CLI::App& command, Execution& execution) {
  command
      .add_option("--executor", execution.executor,
                  "What runs the program: cpu (fast) or reference (the definition, slow)")
      ->capture_default_str();
  add_threads_option(command, execution);
  command
      .add_option("--trace", execution.trace_file,
                  "Write a trace, to be opened at ui.perfetto.dev: as Chrome's JSON if the name "
                  "ends in .json, otherwise in Perfetto's format and while the run goes on")
      ->type_name("FILE");
  command
      .add_option(
          "--stacks", execution.stacks_file,
          "Sample native stacks, 199 times a second of CPU time, and write them in collapsed "
          "form, for gnomon profile, ui.perfetto.dev and flamegraph.pl")
      ->type_name("FILE");
}

void add_rematerialise_option(CLI::App& command, std::string& text) {
  command
      .add_option(
          "--rematerialise", text,
          "Compute values of the forward pass again rather than keep them, so that a step's "
          "values take at most so much memory (\"120MiB\"), or with 'auto' as little as a "
          "fifth more time buys; the numbers stay the same")
      ->type_name("BYTES|auto");
}

std::optional<pass::MemoryBudget> memory_budget(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "auto") return pass::MemoryBudget{};
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  const auto* const found =
      std::find(std::begin(units), std::end(units), unit.empty() ? "B" : unit);
  const Bytes bytes(std::ldexp(number, static_cast<int>(10 * (found - std::begin(units)))));
  if (error != std::errc() || found == std::end(units) || !(bytes >= Bytes(1)) ||
      !std::isfinite(bytes.value))
    throw InputError("--rematerialise {}: is neither 'auto' nor a number of bytes such as 120MiB",
                     text);
  return pass::MemoryBudget{bytes};
}

std::string sentence(const pass::Recomputation& recomputation) {
  const auto& r = recomputation;
  if (r.nodes == 0)
    return fmt::format("values take {} of memory; nothing is computed again", to_string(r.after));
  return fmt::format(
      "values take {} of memory instead of {}: {} operator{} computed again, for about "
      "{:.0f} % more time",
      to_string(r.after), to_string(r.before), r.nodes, r.nodes == 1 ? " is" : "s are",
      std::ceil(100 * (r.extra / r.time)));
}

namespace {

int cores() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace

int threads_of(const Execution& execution) {
  const int threads = execution.threads == 0 ? cores() : execution.threads;
  if (threads < 1 || threads > 4 * cores())
    throw InputError("--threads {}: must be between 1 and {} (four per core)", threads,
                     4 * cores());
  return threads;
}

std::unique_ptr<exec::Executor> make_executor(const Execution& execution) {
  static const std::vector<std::string> names = {"cpu", "reference"};
  const int threads = threads_of(execution);
  if (execution.executor == "cpu")
    return std::make_unique<exec::CpuExecutor>(exec::CpuOptions{threads});
  if (execution.executor == "reference") return std::make_unique<exec::ReferenceExecutor>();
  throw InputError("--executor {}: unknown; {}", execution.executor,
                   suggest(execution.executor, names));
}

struct Tracing::State {
  explicit State(const std::string& name) : file(name), streamed(!trace::is_chrome_name(file)) {
    streamed ? recording.emplace(trace::StreamOptions{.file = file}) : recording.emplace();
  }

  std::filesystem::path file;
  bool streamed;
  std::optional<trace::Recording> recording;
};

Tracing::Tracing(const std::string& file) {
  if (file.empty()) return;
  state_ = std::make_unique<State>(file);
  trace::name_thread("main");
}

Tracing::~Tracing() = default;

void Tracing::finish() {
  if (!state_) return;
  const auto trace = state_->recording->stop();
  if (!state_->streamed) trace::write_trace(trace, state_->file);
  fmt::print(stderr, "trace: {} (open it at ui.perfetto.dev)\n", state_->file.string());
  state_.reset();
}

struct StackSampling::State {
  explicit State(const std::string& name)
      : file(name),
        sampler({.generated_maps = {generated.files().begin(), generated.files().end()}}) {}

  std::filesystem::path file;
  exec::GeneratedCodeList generated;
  trace::StackSampler sampler;
};

StackSampling::StackSampling(const std::string& file) {
  if (file.empty()) return;
  require_writable(file);
  state_ = std::make_unique<State>(file);
}

StackSampling::~StackSampling() = default;

void StackSampling::finish() {
  if (!state_) return;
  const auto stacks = state_->sampler.stop();
  write_file(state_->file, trace::to_folded(stacks));
  const std::string file = state_->file.string();
  fmt::print(stderr, "stacks: {} ({} samples; look at them with: gnomon profile {})\n", file,
             stacks.samples(), file);
  state_.reset();
}

}  // namespace gnomon::app
