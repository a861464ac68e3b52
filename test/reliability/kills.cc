// test_kills train|study KILLS: starts `gnomon train` or `gnomon study run` again and again, kills
// it with −9 at random moments, in every second round with short writes and full disks injected
// (faulty_write.cc), and looks at what is on disk after each kill: nothing committed is lost, no
// file reads wrong, and what is finished in the end has the bits of a run that nobody disturbed.

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "fault/checkpoint.h"
#include "study/record.h"
#include "train/model_file.h"
#include "train/run.h"

namespace gnomon {
namespace {

namespace fs = std::filesystem;

void require(bool holds, const std::string& what) {
  if (!holds) throw InternalError(what);
}

// What happened over all rounds.
struct Count {
  int kills = 0, failed = 0, finished = 0;
};

class Killer {
 public:
  explicit Killer(int kills) : kills_(kills) {}

  bool goes_on() const { return count_.kills < kills_; }

  // Runs the command until it ends or is killed, at a moment within `longest`.
  Outcome run(std::vector<std::string> argv, Seconds longest) {
    Command command;
    command.argv = std::move(argv);
    const auto round = static_cast<std::uint64_t>(round_++);
    command.timeout = Seconds(1e-3 + random_.uniform(2 * round) * longest.value);
    if (round % 2 == 1)
      command.environment = {{"LD_PRELOAD", GNOMON_FAULTY_WRITE},
                             {"FAULTY_WRITE", fmt::format("300 10 {}", round)}};
    const Outcome outcome = run_command(command);
    if (outcome.timed_out)
      ++count_.kills;
    else if (outcome.exit_code == 0)
      ++count_.finished;
    else
      ++count_.failed;
    // A write that failed is the environment's fault (3); nothing else may go wrong.
    require(outcome.timed_out || outcome.exit_code == 0 || outcome.exit_code == 3,
            fmt::format("round {}: exit code {}: {}", round, outcome.exit_code, outcome.err));
    return outcome;
  }

  const Count& count() const { return count_; }

 private:
  int kills_, round_ = 0;
  Random random_{20261122, "kills"};
  Count count_;
};

void write_table(const fs::path& file) {
  std::string text;
  for (int i = 0; i < 600; ++i)
    text += fmt::format("{},{},{}\n", i * 7 % 31, i * 11 % 29, i * 7 % 31 > i * 11 % 29 ? 1 : 0);
  write_file(file, text);
}

std::vector<std::string> train_command(const fs::path& run, const char* how) {
  return {GNOMON_PROGRAM,
          "train",
          "mlp",
          "--data",
          "table.csv",
          "--epochs",
          "3",
          "--batch",
          "20",
          how,
          run.string(),
          "--threads",
          "1",
          "--json",
          "--dropout",
          "0.1",
          "--checkpoint-every",
          "2",
          "--optimiser",
          "adamw"};
}

// Every file of the run reads, and the latest checkpoint is no older than the one before.
void inspect_run(const fs::path& run, std::int64_t& committed) {
  const auto latest = fault::latest_checkpoint(train::checkpoint_folder(run));
  require(latest.damaged.empty(),
          latest.damaged.empty() ? "" : "a checkpoint reads wrong: " + latest.damaged[0]);
  const std::int64_t step = latest.checkpoint ? latest.checkpoint->step : -1;
  require(step >= committed,
          fmt::format("checkpoint {} is gone, the latest is {}", committed, step));
  committed = step;
  if (fs::exists(run / "run.json")) train::read_run(run);
  if (fs::exists(run / "steps.csv"))
    require(static_cast<std::int64_t>(train::read_steps(run).size()) >= step,
            "the log of steps ends before the checkpoint");
  if (fs::exists(train::model_path(run))) train::load(train::model_path(run));
}

void kill_training(Killer& killer) {
  write_table("table.csv");
  Command undisturbed;
  undisturbed.argv = train_command("undisturbed", "--run");
  require(run_command(undisturbed).exit_code == 0, "the undisturbed run fails");
  const auto wanted = train::load(train::model_path("undisturbed")).states;
  const Seconds whole = run_command([&] {
                          Command again = undisturbed;
                          again.argv = train_command("timed", "--run");
                          return again;
                        }())
                            .wall;
  for (int number = 0; killer.goes_on(); ++number) {
    const fs::path run = fmt::format("run{}", number);
    std::int64_t committed = -1;
    for (bool finished = false; !finished;) {
      const bool resumes = fs::exists(run / "run.json");
      const auto outcome = killer.run(train_command(run, resumes ? "--resume" : "--run"), whole);
      inspect_run(run, committed);
      finished = !outcome.timed_out && outcome.exit_code == 0;
    }
    require(train::load(train::model_path(run)).states == wanted,
            fmt::format("{}: differs from the undisturbed run", run.string()));
    fs::remove_all(run);
  }
}

std::size_t recorded_blocks(const fs::path& records) {
  if (!fs::exists(records)) return 0;
  Command command;
  command.argv = {GNOMON_PROGRAM, "study", "export", "1", "--csv", "--records", records.string()};
  const auto outcome = run_command(command);
  require(outcome.exit_code == 0 || outcome.exit_code == 2,
          "the records cannot be read: " + outcome.err);
  return static_cast<std::size_t>(std::count(outcome.out.begin(), outcome.out.end(), '\n'));
}

void kill_studies(Killer& killer) {
  write_file("s.yaml",
             "study: kills\ncommand: sh -c 'echo {n}; :'\nknobs: {n: [1, 2]}\nmeasure: [wall]\n"
             "decide: {minimise: wall}\nmethod: {blocks: 12..12, budget: 60s}\n");
  for (int number = 0; killer.goes_on(); ++number) {
    const fs::path records = fmt::format("records{}.sqlite", number);
    std::size_t committed = 0;
    for (bool finished = false; !finished;) {
      const auto outcome = killer.run({GNOMON_PROGRAM, "study", "run", "s.yaml", "--records",
                                       records.string(), "--report", "report.html"},
                                      Seconds(0.6));
      const auto blocks = recorded_blocks(records);
      require(blocks >= committed,
              fmt::format("{} lines were recorded, {} are left", committed, blocks));
      committed = blocks;
      finished = !outcome.timed_out && outcome.exit_code == 0;
    }
    fs::remove(records);
  }
}

int run(int argc, char** argv) {
  if (argc != 3) throw InputError("usage: test_kills train|study KILLS");
  const std::string what = argv[1];
  int kills = 0;
  std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), kills);
  if (kills < 1 || (what != "train" && what != "study"))
    throw InputError("usage: test_kills train|study KILLS");
  const fs::path room =
      fs::temp_directory_path() / fmt::format("gnomon_kills_{}_{}", what, ::getpid());
  create_folder(room);
  fs::current_path(room);
  Killer killer(kills);
  const Seconds start = now();
  what == "train" ? kill_training(killer) : kill_studies(killer);
  fmt::print("{}: {} kills, {} ended by an injected fault, {} finished, in {}; nothing was lost\n",
             what, killer.count().kills, killer.count().failed, killer.count().finished,
             to_string(now() - start));
  fs::current_path("/");
  fs::remove_all(room);
  return 0;
}

}  // namespace
}  // namespace gnomon

int main(int argc, char** argv) {
  try {
    return gnomon::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "test_kills: {}\n", error.what());
    return 1;
  }
}
