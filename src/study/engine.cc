#include "study/engine.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/random.h"
#include "machine/host.h"
#include "study/export.h"
#include "study/provenance.h"
#include "study/stage.h"

namespace gnomon::study {
namespace {

constexpr int kPilotBlocks = 3;
constexpr int kLeastBlocks = 2;  // with fewer there is no spread

class Engine {
 public:
  Engine(const Study& study, Records& records, const EngineOptions& options)
      : study_(study), records_(records), options_(options) {
    evidence_.study = study;
    evidence_.configurations = configurations(study);
    evidence_.twin =
        choose_twin(static_cast<int>(evidence_.configurations.size()), study.method.seed);
    evidence_.price = options.price;
    facts_ = options.provenance;
  }

  Finished run() {
    check_price();
    prepare_stages();
    resume_or_begin();
    try {
      warm_up();
      const std::string stopped = measure();
      return conclude("finished", stopped);
    } catch (const Interrupted&) {
      if (evidence_.blocks() >= kLeastBlocks) conclude("stopped", "stopped by the user");
      options_.announce(fmt::format(
          "stopped: {} finished blocks are kept in {} (run {}); the same command continues",
          evidence_.blocks(), records_.file().string(), run_));
      throw;
    }
  }

 private:
  void check_price() const {
    for (const Measure& measure : study_.measures)
      if (measure.name == "cost.per_million" && !options_.price)
        throw InputError(
            "cost.per_million: no price is known for this host; take it out of the "
            "study or add a machine to machines/");
  }

  void prepare_stages() {
    StageCache cache(options_.stages);
    for (const Configuration& configuration : evidence_.configurations) {
      const auto artefacts = cache.provide(study_, configuration, [&](std::string_view stage) {
        options_.announce(
            fmt::format("stage {} ({}), kept for the next time", stage, configuration.label));
      });
      Bindings values = bindings(study_, configuration);
      Assessment assessment;
      for (const Artefact& artefact : artefacts) {
        values["stage." + artefact.stage] = artefact.path.string();
        facts_["artefact " + artefact.stage + " " + artefact.identity] = configuration.label;
        for (const auto& [name, text] : artefact.printed.texts) facts_[name] = text;
        for (const auto& [name, value] : artefact.printed.numbers)
          assessment.measures[name] = value;
        if (artefact.assesses) {
          const std::string bytes = read_file(artefact.path, Bytes(1 << 30));
          assessment.correct.assign(bytes.begin(), bytes.end());
        }
      }
      evidence_.assessments.push_back(std::move(assessment));
      tasks_.push_back(task(values));
    }
    for (const Measure& measure : study_.measures)
      if (measure.source == Source::artefact) check_assessed(measure);
  }

  // A property of an artefact that no stage reports is printed by the measured command itself, the
  // same in every block.
  void check_assessed(const Measure& measure) {
    const bool known =
        std::all_of(evidence_.assessments.begin(), evidence_.assessments.end(),
                    [&](const Assessment& a) { return a.measures.contains(measure.name); });
    if (known) return;
    for (Measure& m : evidence_.study.measures)
      if (m.name == measure.name) m.source = Source::blocks;
    for (Task& t : tasks_) t.measures.push_back(measure);
  }

  Task task(const Bindings& values) const {
    Task task;
    task.command.argv = command_words(study_.command, values);
    for (const auto& [variable, value] : study_.environment)
      task.command.environment[variable] = fill(value, values);
    task.command.timeout = study_.method.timeout;
    if (!study_.prepare.empty()) {
      task.prepare = task.command;
      task.prepare.argv = command_words(study_.prepare, values);
    }
    for (const Measure& measure : study_.measures)
      if (measure.source == Source::blocks) task.measures.push_back(measure);
    task.executions = study_.method.executions;
    return task;
  }

  void resume_or_begin() {
    Run run;
    run.study = study_.name;
    run.hash = content_hash(study_);
    run.environment = environment_hash(facts_);
    run.started = timestamp_utc();
    if (const auto earlier = records_.resumable(run.hash, run.environment)) {
      run_ = earlier->id;
      evidence_.most_blocks = earlier->most_blocks;
      evidence_.replicates = records_.replicates(run_);
      options_.announce(
          fmt::format("continuing run {}: {} finished blocks are kept", run_, earlier->blocks));
    } else {
      run_ = records_.begin(run, study_.command);
    }
  }

  void warm_up() {
    for (int i = 0; i < study_.method.warmup; ++i)
      for (const Task& task : tasks_) observe(task);
  }

  // Returns why it stopped.
  std::string measure() {
    Progress progress(study_.name, 1000);
    while (true) {
      const int blocks = evidence_.blocks();
      if (evidence_.most_blocks == 0 && pilot_done(blocks)) fix_most_blocks();
      if (const auto reason = reason_to_stop(blocks)) return *reason;
      run_block(blocks, progress);
    }
  }

  bool pilot_done(int blocks) const {
    if (blocks == 0) return false;
    const Seconds measured = records_.measured(run_);
    return blocks >= std::min(kPilotBlocks, study_.method.most_blocks) ||
           (blocks >= kLeastBlocks && measured + measured / blocks > study_.method.budget);
  }

  // The smallest p value of n blocks is 2^(1-n): so many are needed to tell the chosen from all.
  int least_to_decide() const {
    const double comparisons = static_cast<double>(evidence_.configurations.size());
    const double alpha = 1 - study_.method.confidence;
    return static_cast<int>(std::ceil(2 + std::log2(comparisons / alpha)));
  }

  // What the noisiest arm needs, as far as it can be paid for.
  void fix_most_blocks() {
    const int blocks = evidence_.blocks();
    const Seconds each = records_.measured(run_) / blocks;
    const double affordable = std::floor(study_.method.budget / each);
    const int most = static_cast<int>(
        std::clamp(affordable, static_cast<double>(blocks),
                   static_cast<double>(std::max(blocks, study_.method.most_blocks))));
    const Measure& objective = evidence_.study.measure(study_.objectives.front());
    evidence_.most_blocks = most;
    if (objective.source != Source::artefact) {
      const int planned = stats::plan(noisiest_ratios(evidence_, objective),
                                      design_for(study_, objective, most), most)
                              .maximum();
      evidence_.most_blocks = std::clamp(planned, std::min(most, least_to_decide()), most);
    }
    records_.fix_most_blocks(run_, evidence_.most_blocks);
  }

  std::optional<std::string> reason_to_stop(int blocks) {
    if (blocks == 0) return std::nullopt;
    const Seconds measured = records_.measured(run_);
    const Seconds budget = study_.method.budget;
    if (blocks == 1 && measured > budget)
      throw InputError("the budget of {} is less than one block takes ({}); give at least {:.0f}s",
                       to_string(budget), to_string(measured),
                       std::ceil(measured.value * study_.method.least_blocks));
    if (evidence_.most_blocks == 0) return std::nullopt;
    if (is_look(blocks) && analyse(evidence_).settled)
      return fmt::format("every comparison is settled after {} blocks", blocks);
    if (blocks >= study_.method.most_blocks) return fmt::format("all {} blocks are run", blocks);
    const Seconds each = measured / blocks;
    if (measured + each * 0.5 > budget ||
        (blocks >= evidence_.most_blocks && measured + each * 1.5 > budget))
      return fmt::format("the budget of {} is spent ({} blocks)", to_string(budget), blocks);
    if (blocks >= evidence_.most_blocks)
      return fmt::format("the {} blocks planned after the pilot are run", blocks);
    return std::nullopt;
  }

  bool is_look(int blocks) const {
    if (evidence_.most_blocks == 0) return false;
    const Measure& objective = study_.measure(study_.objectives.front());
    const auto schedule = schedule_for(evidence_, objective);
    return std::any_of(schedule.looks().begin(), schedule.looks().end(),
                       [&](const stats::Look& look) { return look.blocks == blocks; });
  }

  void run_block(int block, Progress& progress) {
    const auto order =
        block_order(static_cast<int>(tasks_.size()), evidence_.twin, study_.method.seed, block);
    const Seconds before = records_.measured(run_);
    const machine::Load load = machine::read_load();
    BlockFacts facts{timestamp_utc(), {}, load.one_minute, {}};
    const Seconds start = now();
    std::vector<Observed> observed;
    for (std::size_t i = 0; i < order.size(); ++i) {
      check_interrupt();
      const auto& configuration =
          evidence_.configurations[static_cast<std::size_t>(order[i].configuration)];
      report_progress(progress, block, before + now() - start, configuration.label);
      Observed next = observe(tasks_[static_cast<std::size_t>(configuration.id)]);
      next.replicate.block = block;
      next.replicate.position = static_cast<int>(i);
      next.replicate.configuration = configuration.id;
      next.replicate.aa = order[i].aa;
      if (block == 0) require_success(configuration, next);
      censor_impossible(next.replicate);
      for (const auto& [name, text] : next.facts) facts_[name] = text;
      observed.push_back(std::move(next));
    }
    facts.elapsed = now() - start;
    facts.steal = machine::read_load().steal - load.steal;
    records_.add_block(run_, block, facts, observed);
    for (auto& o : observed) evidence_.replicates.push_back(std::move(o.replicate));
  }

  // Ratios need positive numbers: a run without them has failed.
  void censor_impossible(Replicate& replicate) const {
    for (const auto& [name, value] : replicate.values)
      if (value <= 0 && study_.measure(name).goal != Goal::none) replicate.outcome = "failed";
  }

  void require_success(const Configuration& configuration, const Observed& observed) const {
    if (observed.replicate.outcome == "ok") {
      for (const auto& [name, value] : observed.replicate.values)
        if (value <= 0 && study_.measure(name).goal != Goal::none)
          throw InputError("{}: {} is {}; ratios need positive numbers", configuration.label, name,
                           value);
      return;
    }
    const auto& argv = tasks_[static_cast<std::size_t>(configuration.id)].command.argv;
    throw InputError("{}: {}; try it alone: {}", configuration.label, observed.complaint,
                     quoted(argv));
  }

  // The share of the budget or of the blocks, whichever will end first.
  void report_progress(Progress& progress, int block, Seconds measured,
                       const std::string& label) const {
    const int most = evidence_.most_blocks > 0 ? evidence_.most_blocks : study_.method.most_blocks;
    const double share = std::max(measured / study_.method.budget,
                                  static_cast<double>(block) / static_cast<double>(most));
    progress.update(static_cast<std::int64_t>(std::min(1.0, share) * 1000),
                    fmt::format("block {} of at most {}: {}", block + 1, most, label));
  }

  Finished conclude(std::string_view state, const std::string& stopped) {
    if (evidence_.most_blocks == 0) evidence_.most_blocks = evidence_.blocks();
    GNOMON_CHECK(evidence_.blocks() >= kLeastBlocks, "{} blocks", evidence_.blocks());
    Report report = analyse(evidence_).report;
    report.answer.stopped = stopped;
    if (const auto& price = options_.price)
      report.price = PriceReport{price->machine, price->per_hour.value, price->unit.date,
                                 price->unit.source, price->assumption};
    report.provenance = facts_;
    report.provenance["seed"] = std::to_string(study_.method.seed);
    report.provenance["steal time"] = to_string(records_.steal(run_));
    report.provenance["highest load"] = fmt::format("{:.2f}", records_.highest_load(run_));
    report.provenance["measured for"] = to_string(records_.measured(run_));
    report.provenance["study hash"] = content_hash(study_);
    report.provenance["recorded"] = fmt::format("run {} in {}", run_, records_.file().string());
    report.method = describe_method();
    records_.conclude(run_, state, to_json(report));
    return {run_, evidence_, std::move(report)};
  }

  std::map<std::string, std::string> describe_method() const {
    const Method& m = study_.method;
    const auto schedule = schedule_for(evidence_, study_.measure(study_.objectives.front()));
    std::string looks;
    for (const auto& look : schedule.looks())
      looks += (looks.empty() ? "" : ", ") + std::to_string(look.blocks);
    return {{"blocks", std::to_string(evidence_.blocks())},
            {"most blocks", std::to_string(evidence_.most_blocks)},
            {"looks", looks},
            {"alpha", fmt::format("{:.3g}", 1 - m.confidence)},
            {"half-width", fmt::format("{}", m.half_width)},
            {"margin", fmt::format("{}", m.margin)},
            {"budget", to_string(m.budget)},
            {"timeout", to_string(m.timeout)},
            {"executions per replicate", std::to_string(m.executions)},
            {"seed", std::to_string(m.seed)}};
  }

  const Study& study_;
  Records& records_;
  const EngineOptions& options_;
  Evidence evidence_;
  std::vector<Task> tasks_;  // one per configuration
  std::map<std::string, std::string> facts_;
  std::int64_t run_ = 0;
};

}  // namespace

std::vector<Place> block_order(int configurations, int twin, std::uint64_t seed, int block) {
  std::vector<Place> order;
  const Random random(seed, fmt::format("block {}", block));
  for (const std::int64_t i : random.permutation(configurations + 1))
    order.push_back(i == configurations ? Place{twin, true} : Place{static_cast<int>(i), false});
  return order;
}

int choose_twin(int configurations, std::uint64_t seed) {
  return static_cast<int>(
      Random(seed, "twin").below(static_cast<std::uint64_t>(configurations), 0));
}

Finished run_study(const Study& study, Records& records, const EngineOptions& options) {
  return Engine(study, records, options).run();
}

}  // namespace gnomon::study
