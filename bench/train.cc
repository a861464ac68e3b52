// Whole training steps against PyTorch: every model of doc/performance.md's table in f32 and bf16,
// ours, PyTorch eager and PyTorch compiled in turn, each time in a fresh process, in the randomised
// blocks of a study (doc/study.md). Prints how often our step fits into the better PyTorch's, with
// the interval of the study's statistics; what share of the step our kernels take when each is
// timed by itself; and what share of this machine's arithmetic ceiling the step reaches. What was
// measured is kept in --records and an interrupted comparison goes on there.
//
// `./gnomon bench train` sets up the peer and calls this program.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/nearest.h"
#include "base/process.h"
#include "base/progress.h"
#include "machine/host.h"
#include "machine/runnable.h"
#include "stats/quantile.h"
#include "study/engine.h"
#include "study/provenance.h"

namespace gnomon {
namespace {

namespace fs = std::filesystem;

struct Row {
  std::string name;
  std::string options;  // of `gnomon profile train` and of the peer's script
};

const std::vector<Row> rows = {
    {"lenet", "lenet --batch 64"},
    {"lenet-256", "lenet --batch 256"},
    {"resnet20", "resnet20 --batch 128 --image 3x32x32"},
    {"gpt-nano", "gpt-nano --batch 12 --context 64"},
    {"gpt-mini", "gpt-nano --layers 6 --features 384 --heads 6 --batch 8 --context 256"},
};

// This program is PROJECT/build/release/bench/bench_train.
fs::path build() { return self_executable().parent_path().parent_path(); }
fs::path project() { return build().parent_path().parent_path(); }

struct Arguments {
  std::vector<std::string> models, precisions;  // if empty, all; those the processor computes in
  int threads = 2, blocks = 10;
  double seconds = 2;
  std::string python = (project() / "build/peers/pytorch/bin/python").string();
  std::string records = "runs/bench-train.db";
  bool json = false;
};

const double confidence = study::Method().confidence;

enum System { ours, eager, compiled };
constexpr const char* system_names[] = {"gnomon", "PyTorch", "PyTorch compiled"};

const study::Measure step_time = {
    "step_seconds", "s", "time of a step", study::Goal::minimise, study::Source::blocks, ""};

std::string our_command(const Row& row, const std::string& precision, const Arguments& arguments) {
  return fmt::format(
      "{} profile train {} --precision {} --threads {} --seconds {} --clip-norm 0 "
      "--no-gradient-norm --json",
      study::quoted({(build() / "gnomon").string()}), row.options, precision, arguments.threads,
      arguments.seconds);
}

std::string command(System system, const Row& row, const std::string& precision,
                    const Arguments& arguments) {
  if (system == ours) return our_command(row, precision, arguments) + " --steps-alone";
  return fmt::format(
      "{} --model {} --precision {} --threads {} --seconds {}{}",
      study::quoted({arguments.python, (project() / "bench/peers/pytorch_step.py").string()}),
      row.options, precision, arguments.threads, arguments.seconds,
      system == compiled ? " --compile" : "");
}

// All systems alike: how long OpenMP's idle threads spin before they sleep, which on a machine that
// is shared matters more than anything else. The runtime's own default if nothing else runs, little
// otherwise (src/main.cc); what the user set is kept.
void bound_spinning() {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  const bool shared = machine::others_want_cores();
  ::setenv("GOMP_SPINCOUNT", shared ? "1000" : "300000", 1);
  if (shared)
    fmt::print(stderr,
               "other processes run: threads of all systems sleep early, and ratios are those of a "
               "shared machine\n");
}

study::Study study_of(const Row& row, const std::string& precision, const Arguments& arguments) {
  study::Study study;
  study.name = fmt::format("bench-train-{}-{}", row.name, precision);
  study.question = "Whose training step is the fastest?";
  study::Knob system{"system", {}};
  for (const System which : {ours, eager, compiled})
    system.values.push_back(command(which, row, precision, arguments));
  study.knobs = {system};
  study.command = "{system}";
  study.environment = {{"OMP_NUM_THREADS", std::to_string(arguments.threads)},
                       {"TORCHINDUCTOR_CACHE_DIR", (project() / "build/peers/inductor").string()}};
  study.measures = {step_time};
  study.objectives = {step_time.name};
  study.method.least_blocks = study.method.most_blocks = arguments.blocks;
  study.method.stop_when_decided = false;
  study.method.budget = study.method.timeout = Seconds(3600);
  study.method.warmup = 1;  // in which the compiler fills its cache
  return study;
}

struct Result {
  std::string model, precision;
  double seconds[3] = {};           // of each system: the median over blocks
  System better = eager;            // of PyTorch's two
  stats::Interval ratio;            // the better PyTorch's time ÷ ours
  double kernels = 0, ceiling = 0;  // shares; NaN: no ceiling was measured
};

// The shares come from processes of their own, beside the comparison: the median of three.
void explain(const Row& row, const Arguments& arguments, Result& result) {
  const std::string file =
      (fs::temp_directory_path() / fmt::format("gnomon-bench-train-{}.html", ::getpid())).string();
  const auto words = study::command_words(
      our_command(row, result.precision, arguments) + " --report " + study::quoted({file}), {});
  std::vector<double> kernels, ceiling;
  for (int process = 0; process < 3; ++process) {
    const auto done = run_command({.argv = words, .environment = {}});
    fs::remove(file);
    if (done.exit_code != 0) throw EnvironmentError("{}: {}", study::quoted(words), done.err);
    const auto training = nlohmann::json::parse(done.out).at("training");
    kernels.push_back(training.at("kernels_seconds").get<double>() /
                      training.at("step_seconds").get<double>());
    const auto& share = training.at("fraction_of_ceiling");
    if (!share.is_null()) ceiling.push_back(share.get<double>());
  }
  result.kernels = stats::median(kernels);
  result.ceiling = ceiling.empty() ? NAN : stats::median(ceiling);
}

Result compare(const Row& row, const std::string& precision, const Arguments& arguments,
               study::Records& records) {
  study::EngineOptions options;
  options.provenance = study::read_provenance();
  options.announce = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  const auto finished = study::run_study(study_of(row, precision, arguments), records, options);
  const auto& evidence = finished.evidence;
  Result result;
  result.model = row.name;
  result.precision = precision;
  for (const System system : {ours, eager, compiled}) {
    const auto estimate = study::estimate(evidence, step_time, system, confidence);
    result.seconds[system] = estimate ? estimate->estimate : INFINITY;
  }
  if (result.seconds[compiled] < result.seconds[eager]) result.better = compiled;
  result.ratio = stats::exponential(
      study::compare_configurations(evidence, step_time, result.better, ours).interval);
  explain(row, arguments, result);
  return result;
}

nlohmann::ordered_json to_json(const Result& result) {
  nlohmann::ordered_json json{{"model", result.model}, {"precision", result.precision}};
  for (const System system : {ours, eager, compiled})
    json["seconds"][system_names[system]] = result.seconds[system];
  json["better_peer"] = system_names[result.better];
  json["ratio"] = {
      {"estimate", result.ratio.estimate}, {"low", result.ratio.low}, {"high", result.ratio.high}};
  json["kernels_share"] = result.kernels;
  json["ceiling_share"] = result.ceiling;
  return json;
}

// What the figures hold for.
nlohmann::ordered_json conditions(const Arguments& arguments) {
  const auto host = machine::read_host();
  return {{"processor", host.processor},
          {"family", host.family},
          {"load", machine::read_load().one_minute},
          {"threads", arguments.threads},
          {"blocks", arguments.blocks},
          {"seconds", arguments.seconds},
          {"confidence", confidence}};
}

// bf16 only where the processor has arithmetic for it: elsewhere PyTorch takes half a minute a
// step.
std::vector<std::string> precisions_of(const machine::Host& host) {
  if (host.has("avx512_bf16") || host.has("amx_bf16")) return {"f32", "bf16"};
  fmt::print(stderr,
             "bf16 is left out: this processor computes it in f32 (--precision bf16 insists)\n");
  return {"f32"};
}

void print_head(const Arguments& arguments) {
  const auto host = machine::read_host();
  fmt::print(
      "Training steps, {} threads; {} ({}), load {:.1f}. Median over {} blocks of the 25th\n"
      "percentile in a process. Ratio: the better PyTorch's time ÷ ours, {:.0f} %.\n\n",
      arguments.threads, host.processor, host.family, machine::read_load().one_minute,
      arguments.blocks, 100 * confidence);
  fmt::print("{:<10} {:<9} {:>10} {:>10} {:>10}  {:<22} {:>8} {:>8}\n", "model", "precision",
             "ours", "PyTorch", "compiled", "ratio", "kernels", "ceiling");
}

// Six blocks at least bound a ratio.
std::string words(const stats::Interval& ratio) {
  if (!std::isfinite(ratio.high)) return fmt::format("{:.2f}× (too few blocks)", ratio.estimate);
  return fmt::format("{:.2f}× ({:.2f} to {:.2f})", ratio.estimate, ratio.low, ratio.high);
}

void print(const Result& result) {
  const auto ms = [](double seconds) { return fmt::format("{:.2f} ms", seconds * 1e3); };
  fmt::print("{:<10} {:<9} {:>10} {:>10} {:>10}  {:<22} {:>6.0f} % {:>8}\n", result.model,
             result.precision, ms(result.seconds[ours]), ms(result.seconds[eager]),
             ms(result.seconds[compiled]), words(result.ratio), 100 * result.kernels,
             std::isnan(result.ceiling) ? "–" : fmt::format("{:.0f} %", 100 * result.ceiling));
  std::fflush(stdout);
}

void run(const Arguments& arguments) {
  if (!fs::exists(arguments.python))
    throw EnvironmentError("{}: there is no such interpreter; use ./gnomon bench train",
                           arguments.python);
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.name);
  const auto wanted = arguments.models.empty() ? names : arguments.models;
  for (const auto& name : wanted)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw InputError("--model {}: is not in the table; {}", name, suggest(name, names));
  const auto precisions =
      arguments.precisions.empty() ? precisions_of(machine::read_host()) : arguments.precisions;
  bound_spinning();
  study::Records records(arguments.records);
  const auto before = conditions(arguments);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  if (arguments.json)
    Progress::silence();
  else
    print_head(arguments);
  double log_sum = 0;
  for (const auto& row : rows)
    for (const auto& precision : precisions) {
      if (std::find(wanted.begin(), wanted.end(), row.name) == wanted.end()) continue;
      const Result result = compare(row, precision, arguments, records);
      log_sum += std::log(result.ratio.estimate);
      all.push_back(to_json(result));
      if (!arguments.json) print(result);
    }
  const double mean = std::exp(log_sum / static_cast<double>(all.size()));
  if (arguments.json)
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"conditions", before}, {"geometric_mean", mean}, {"rows", all}}
            .dump(2));
  else
    fmt::print("\ngeometric mean of the ratios {:.2f}×\n", mean);
}

}  // namespace
}  // namespace gnomon

int main(int argc, char** argv) {
  gnomon::Arguments arguments;
  CLI::App app("Whole training steps against PyTorch", "./gnomon bench train");
  app.add_option("--model", arguments.models, "Rows of the table; default: all")->delimiter(',');
  app.add_option(
         "--precision", arguments.precisions,
         "f32, bf16, or both; default: both, or f32 where the processor has no bf16 arithmetic")
      ->delimiter(',')
      ->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", arguments.threads, "Threads that compute")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--blocks", arguments.blocks, "Times that every system is run")
      ->capture_default_str()
      ->check(CLI::Range(3, 1000));
  app.add_option("--seconds", arguments.seconds, "How long a process times steps")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  app.add_option("--python", arguments.python,
                 "Interpreter that has PyTorch; default: that of ./gnomon bench train");
  app.add_option("--records", arguments.records, "Where measurements are kept")
      ->capture_default_str();
  app.add_flag("--json", arguments.json, "Print the result as JSON");
  app.footer("Example:\n  ./gnomon bench train --model lenet --precision f32 --blocks 5");
  try {
    app.parse(argc, argv);
    gnomon::catch_interrupts();
    gnomon::run(arguments);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const gnomon::Interrupted&) {
    return 130;
  } catch (const gnomon::InputError& error) {
    fmt::print(stderr, "bench train: {}\n", error.what());
    return 2;
  } catch (const gnomon::EnvironmentError& error) {
    fmt::print(stderr, "bench train: {}\n", error.what());
    return 3;
  }
}
