#include "train/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_value.h"
#include "base/sealed_json.h"
#include "train/loss.h"

namespace gnomon::train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int version = 1;
constexpr double largest_record = 64 << 20, largest_log = 1 << 30;
constexpr const char *record_name = "run.json", *log_name = "steps.csv", *lock_name = "lock";
// The record and the lock last: while they are there, it is a run.
constexpr const char* own_files[] = {"report.html", "replay.safetensors", "model.safetensors",
                                     log_name,      record_name,          lock_name};
constexpr const char *run_fact = "run", *loss_fact = "loss";  // of a checkpoint
constexpr std::string_view log_header = "step,loss,learning_rate,gradient_norm\n";

constexpr std::string_view remedy = "gnomon train --resume takes what its checkpoints know";

constexpr std::string_view states[] = {"running", "interrupted", "finished", "failed"};

RunState state_named(const std::string& text) {
  const auto* const found = std::find(std::begin(states), std::end(states), text);
  if (found == std::end(states)) throw std::domain_error("state");
  return static_cast<RunState>(found - std::begin(states));
}

Json to_json(const std::vector<Assessment>& assessments) {
  Json all = Json::array();
  for (const auto& a : assessments)
    all.push_back({{"step", a.step},
                   {"epoch", a.epoch},
                   {"loss", a.loss},
                   {"accuracy", a.accuracy},
                   {"test_loss", a.test_loss},
                   {"seconds", a.duration.value}});
  return all;
}

// JSON has no NaN and no infinity: what is kept says them as strings.
Json kept(Json assessments) {
  for (auto& assessment : assessments)
    for (auto& [key, value] : assessment.items())
      if (value.is_number_float() && !std::isfinite(value.get<double>()))
        value = fmt::format("{}", value.get<double>());
  return assessments;
}

double number(const Json& json) {
  return json.is_string() ? std::strtod(json.get<std::string>().c_str(), nullptr)
                          : json.get<double>();
}

std::vector<Assessment> assessments_of(const Json& json) {
  std::vector<Assessment> all;
  for (const auto& a : json)
    all.push_back({value_as<std::int64_t>(a.at("step")), a.at("epoch").get<double>(),
                   number(a.at("loss")), a.at("accuracy").get<double>(), number(a.at("test_loss")),
                   Seconds(a.at("seconds").get<double>())});
  return all;
}

Json to_json(const RunRecord& record) {
  Json samples = Json::array();
  for (const auto& sample : record.samples)
    samples.push_back({{"step", sample.step}, {"prompt", sample.prompt}, {"text", sample.text}});
  const auto& cost = record.checkpoints;
  return {{"version", version},
          {"state", name(record.state)},
          {"started", record.started},
          {"updated", record.updated},
          {"recipe", Json::parse(train::to_json(record.recipe))},
          {"facts", record.facts},
          {"steps", record.steps},
          {"total_steps", record.total_steps},
          {"examples_per_second", record.examples_per_second},
          {"assessments", kept(to_json(record.assessments))},
          {"samples", std::move(samples)},
          {"warnings", record.warnings},
          {"checkpoints",
           {{"written", cost.written},
            {"writing_seconds", cost.writing.value},
            {"waiting_seconds", cost.waiting.value},
            {"bytes", cost.bytes.value}}}};
}

RunRecord record_of(const Json& json, std::string_view origin) {
  try {
    const int found = json.contains("version") ? value_as<int>(json["version"]) : 0;
    if (found > version)
      throw InputError("{}: was written by a newer version (format {}, this one reads up to {})",
                       origin, found, version);
    RunRecord record;
    record.state = state_named(json.at("state").get<std::string>());
    record.started = json.at("started").get<std::string>();
    record.updated = json.at("updated").get<std::string>();
    record.recipe = recipe_from_json(json.at("recipe").dump(), origin);
    record.facts = json.at("facts").get<std::map<std::string, std::string>>();
    record.steps = value_as<std::int64_t>(json.at("steps"));
    record.total_steps = value_as<std::int64_t>(json.at("total_steps"));
    record.examples_per_second = json.at("examples_per_second").get<double>();
    record.assessments = assessments_of(json.at("assessments"));
    for (const auto& sample : json.at("samples"))
      record.samples.push_back({value_as<std::int64_t>(sample.at("step")),
                                sample.at("prompt").get<std::string>(),
                                sample.at("text").get<std::string>()});
    record.warnings = json.at("warnings").get<std::vector<std::string>>();
    const auto& cost = json.at("checkpoints");
    record.checkpoints = {
        value_as<int>(cost.at("written")), Seconds(cost.at("writing_seconds").get<double>()),
        Seconds(cost.at("waiting_seconds").get<double>()), Bytes(cost.at("bytes").get<double>())};
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw InputError("{}: is no record of a run: {}; {}", origin, error.what(), remedy);
  } catch (const std::domain_error& error) {
    throw InputError("{}: is no record of a run: {}; {}", origin, error.what(), remedy);
  }
}

std::string line_of(const Step& step) {
  return fmt::format("{},{},{},{}\n", step.number, step.loss, step.learning_rate,
                     step.gradient_norm);
}

// One line of steps.csv; false if it is none.
bool read_line(std::string_view line, Step& step) {
  const auto take = [&](auto& value, char end) {
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    const auto length = static_cast<std::size_t>(rest - line.data());
    if (error != std::errc() || length == line.size() || *rest != end) return false;
    line.remove_prefix(length + 1);
    return true;
  };
  return take(step.number, ',') && take(step.loss, ',') && take(step.learning_rate, ',') &&
         take(step.gradient_norm, '\n') && line.empty();
}

const std::string& fact(const fault::Checkpoint& checkpoint, const char* key,
                        std::string_view origin) {
  const auto found = checkpoint.facts.find(key);
  if (found == checkpoint.facts.end())
    throw InputError("{}: is no checkpoint of a training: it has no {}", origin, key);
  return found->second;
}

// Of the record, or of the checkpoints where there is none.
fs::file_time_type last_change(const fs::path& folder) {
  std::error_code absent;
  const auto time = fs::last_write_time(folder / record_name, absent);
  return absent ? fs::last_write_time(checkpoint_folder(folder), absent) : time;
}

// A last line that was cut off is not looked at.
struct Lines {
  std::vector<Step> steps;
  std::vector<std::size_t> bad;  // numbers of those that are none
};

Lines whole_lines(std::string_view text) {
  Lines lines;
  if (!text.starts_with(log_header)) lines.bad.push_back(1);
  for (std::size_t number = 1; true; ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return lines;
    Step step;
    if (read_line(text.substr(0, end + 1), step))
      lines.steps.push_back(step);
    else if (number > 1)
      lines.bad.push_back(number);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool has_accuracy(const RunRecord& record) {
  return loss_named(record.recipe.loss) == Loss::cross_entropy;
}

Json assessments_json(const RunRecord& record) {
  Json all = to_json(record.assessments);
  for (auto& assessment : all)
    if (!has_accuracy(record)) assessment["accuracy"] = nullptr;
  return all;
}

std::string_view name(RunState state) { return states[static_cast<std::size_t>(state)]; }

void write_run(const fs::path& folder, const RunRecord& record) {
  const fs::path file = folder / record_name;
  const std::string text = seal(to_json(record));
  const Bytes size(static_cast<double>(text.size()));
  if (size > Bytes(largest_record))
    throw InputError("{}: would have {}, more than can be read back ({}); shorten what it holds",
                     file.string(), to_string(size), to_string(Bytes(largest_record)));
  write_file(file, text);
}

RunRecord parse_run(std::string_view text, std::string_view origin) {
  return record_of(unseal(text, origin, remedy), origin);
}

RunRecord read_run(const fs::path& folder) {
  const fs::path file = folder / record_name;
  return parse_run(read_file(file, Bytes(largest_record)), file.string());
}

bool holds_run(const fs::path& folder) {
  return fs::exists(folder / record_name) ||
         !fault::checkpoint_files(checkpoint_folder(folder)).empty();
}

Recovered recover_run(const fs::path& folder) {
  const fs::path file = folder / record_name;
  std::string damage = fmt::format("{}: is absent", file.string());
  if (fs::exists(file)) {
    const std::string text = read_file(file, Bytes(largest_record));
    Json json;
    try {
      json = unseal(text, file.string(), remedy);
    } catch (const InputError& error) {
      damage = error.what();
    }
    if (!json.is_null()) return {record_of(json, file.string()), ""};
  }
  const auto latest = fault::latest_checkpoint(checkpoint_folder(folder));
  if (!latest.checkpoint) throw InputError("{}; no checkpoint can be read either", damage);
  return {run_of(*latest.checkpoint, latest.file.string()),
          damage + "; the newest checkpoint says what it said"};
}

std::vector<fs::path> list_runs(const fs::path& root) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root, ignored))
    if (fs::is_directory(entry.path(), ignored) && holds_run(entry.path()))
      found.emplace_back(last_change(entry.path()), entry.path());
  std::sort(found.begin(), found.end());
  std::vector<fs::path> runs;
  for (auto& [time, path] : found) runs.push_back(std::move(path));
  return runs;
}

fs::path new_run_folder(const fs::path& root, const std::string& model) {
  const std::string stem = fs::path(model).stem().string();
  create_folder(root);
  for (int number = 1;; ++number) {
    auto folder = root / fmt::format("{}-{}", stem, number);
    std::error_code error;
    if (fs::create_directory(folder, error)) return folder;
    if (error && !fs::exists(fs::symlink_status(folder)))
      throw EnvironmentError("{}: cannot be created: {}; choose another folder with --run",
                             folder.string(), error.message());
  }
}

void remove_unfinished(const fs::path& folder) {
  remove_temporaries(folder, [](std::string_view name) {
    return std::find(std::begin(own_files), std::end(own_files), name) != std::end(own_files);
  });
}

void remove_run(const fs::path& folder) {
  fs::remove_all(checkpoint_folder(folder));
  remove_unfinished(folder);
  for (const auto* file : own_files) fs::remove(folder / file);
  std::error_code not_empty;
  fs::remove(folder, not_empty);
}

FileLock lock_run(const fs::path& folder) {
  create_folder(folder);
  const fs::path file = folder / lock_name;
  if (auto lock = FileLock::take(file, Seconds(1))) return std::move(*lock);
  throw EnvironmentError("{}: {} is at work on this run; wait for it, or start another",
                         folder.string(), lock_holder(file));
}

bool is_held(const fs::path& folder) { return is_locked(folder / lock_name); }

std::string state_of(const RunRecord& record, const fs::path& folder) {
  const bool killed = record.state == RunState::running && !is_held(folder);
  return killed ? "killed" : std::string(name(record.state));
}

StepLog::StepLog(const fs::path& folder, std::int64_t steps) : file_(folder / log_name) {
  std::string kept(log_header);
  if (steps > 0 && fs::exists(file_)) {
    const auto lines = whole_lines(read_file(file_, Bytes(largest_log)));
    for (const auto& step : lines.steps)
      if (step.number <= steps) kept += line_of(step);
    if (!lines.bad.empty())
      damage_ = fmt::format(
          "{}:{}: is no line of a log of steps{}; the others are kept", file_.string(),
          lines.bad[0],
          lines.bad.size() == 1 ? "" : fmt::format(", nor are {} below it", lines.bad.size() - 1));
  }
  write_file(file_, kept);
  descriptor_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) throw EnvironmentError("{}: {}", file_.string(), std::strerror(errno));
}

StepLog::~StepLog() { ::close(descriptor_); }

void StepLog::add(const Step& step) { added_ += line_of(step); }

void StepLog::flush() {
  const off_t before = ::lseek(descriptor_, 0, SEEK_END);
  for (std::string_view rest = added_; !rest.empty();) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const std::string cause = std::strerror(errno);
      static_cast<void>(::ftruncate(descriptor_, before) == 0);
      throw EnvironmentError("{}: cannot be written: {}", file_.string(), cause);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  added_.clear();
}

std::vector<Step> parse_steps(std::string_view text, std::string_view origin) {
  auto lines = whole_lines(text);
  if (!lines.bad.empty())
    throw InputError("{}:{}: is no line of a log of steps; remove it", origin, lines.bad[0]);
  return std::move(lines.steps);
}

std::vector<Step> read_steps(const fs::path& folder) {
  const fs::path file = folder / log_name;
  if (!fs::exists(file)) return {};
  return parse_steps(read_file(file, Bytes(largest_log)), file.string());
}

fault::Checkpoint to_checkpoint(Snapshot snapshot, RunRecord record) {
  record.state = RunState::interrupted;
  record.steps = snapshot.steps;
  record.assessments = std::move(snapshot.assessments);
  fault::Checkpoint checkpoint;
  checkpoint.step = snapshot.steps;
  checkpoint.tensors = std::move(snapshot.states);
  checkpoint.facts[loss_fact] = fmt::format("{}", snapshot.loss);
  if (!record.assessments.empty() && record.assessments.back().step == snapshot.steps &&
      std::isfinite(record.assessments.back().test_loss))
    checkpoint.score = -record.assessments.back().test_loss;
  checkpoint.facts[run_fact] = seal(to_json(record));
  return checkpoint;
}

RunRecord run_of(const fault::Checkpoint& checkpoint, std::string_view origin) {
  return parse_run(fact(checkpoint, run_fact, origin), origin);
}

Snapshot snapshot_of(fault::Checkpoint checkpoint, std::string_view origin) {
  Snapshot snapshot;
  const std::string& loss = fact(checkpoint, loss_fact, origin);
  std::from_chars(loss.data(), loss.data() + loss.size(), snapshot.loss);
  snapshot.assessments = run_of(checkpoint, origin).assessments;
  snapshot.steps = checkpoint.step;
  snapshot.states = std::move(checkpoint.tensors);
  return snapshot;
}

}  // namespace gnomon::train
