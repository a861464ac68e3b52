#include "fault/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "trace/recorder.h"

namespace gnomon::fault {
namespace {

namespace fs = std::filesystem;

constexpr int version = 1;
constexpr std::string_view version_key = "gnomon.checkpoint", step_key = "step",
                           score_key = "score", sum_key = "manifest_xxh3", fact_prefix = "fact.";
constexpr std::string_view prefix = "step-", suffix = ".safetensors";

using Metadata = std::map<std::string, std::string>;
using Types = std::map<std::string, data::TensorType>;

Types types_of(const std::map<std::string, Tensor>& tensors) {
  Types types;
  for (const auto& [name, tensor] : tensors) types[name] = {tensor.dtype(), tensor.shape()};
  return types;
}

// Of all that the tensors' own checksum does not cover.
std::string manifest_sum(const Metadata& metadata, const Types& tensors) {
  std::string text;
  for (const auto& [key, value] : metadata)
    if (key != sum_key && key != "xxh3") text += fmt::format("{}:{}={}\n", key.size(), key, value);
  for (const auto& [name, tensor] : tensors)
    text += fmt::format("{}{}{}\n", name, gnomon::name(tensor.dtype), to_string(tensor.shape));
  return hash128(text);
}

template <typename T>
T number(const Metadata& metadata, std::string_view key, std::string_view origin) {
  const auto found = metadata.find(std::string(key));
  T value{};
  if (found != metadata.end()) {
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  throw InputError("{}: is no checkpoint: its metadata has no number '{}'", origin, key);
}

std::int64_t size_of(const Checkpoint& checkpoint) {
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) bytes += tensor.bytes();
  return static_cast<std::int64_t>(bytes);
}

std::string file_name(std::int64_t step) { return fmt::format("{}{:012}{}", prefix, step, suffix); }

std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  const std::string_view digits =
      name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return step;
}

// What the manifest says.
Checkpoint without_tensors(const Metadata& metadata, const Types& types, std::string_view origin) {
  const int found = number<int>(metadata, version_key, origin);
  if (found > version)
    throw InputError("{}: was written by a newer version (format {}, this one reads up to {})",
                     origin, found, version);
  const auto sum = metadata.find(std::string(sum_key));
  if (sum == metadata.end() || sum->second != manifest_sum(metadata, types))
    throw InputError("{}: is damaged: its manifest does not match its checksum; use an older one",
                     origin);
  Checkpoint checkpoint;
  checkpoint.step = number<std::int64_t>(metadata, step_key, origin);
  if (metadata.contains(std::string(score_key)))
    checkpoint.score = number<double>(metadata, score_key, origin);
  for (const auto& [key, value] : metadata)
    if (key.starts_with(fact_prefix)) checkpoint.facts[key.substr(fact_prefix.size())] = value;
  return checkpoint;
}

}  // namespace

data::NamedTensors contents_of(Checkpoint checkpoint) {
  Metadata metadata{{std::string(version_key), std::to_string(version)},
                    {std::string(step_key), std::to_string(checkpoint.step)}};
  if (checkpoint.score) metadata[std::string(score_key)] = fmt::format("{}", *checkpoint.score);
  for (const auto& [key, value] : checkpoint.facts)
    metadata[std::string(fact_prefix) + key] = value;
  metadata[std::string(sum_key)] = manifest_sum(metadata, types_of(checkpoint.tensors));
  return {std::move(checkpoint.tensors), std::move(metadata)};
}

void write_checkpoint(const fs::path& file, Checkpoint checkpoint) {
  data::write_safetensors(file, contents_of(std::move(checkpoint)));
}

Checkpoint checkpoint_of(data::NamedTensors contents, std::string_view origin) {
  Checkpoint checkpoint = without_tensors(contents.metadata, types_of(contents.tensors), origin);
  checkpoint.tensors = std::move(contents.tensors);
  return checkpoint;
}

Checkpoint read_checkpoint(const fs::path& file) {
  return checkpoint_of(data::read_safetensors(file), file.string());
}

std::map<std::int64_t, fs::path> checkpoint_files(const fs::path& folder) {
  std::map<std::int64_t, fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto step = step_of(entry.path().filename().string())) files[*step] = entry.path();
  return files;
}

std::optional<Ranked> best_checkpoint(const fs::path& folder) {
  std::optional<Ranked> best;
  for (const auto& entry : checkpoint_files(folder)) {
    try {
      const auto header = data::read_safetensors_header(entry.second);
      const auto checkpoint =
          without_tensors(header.metadata, header.tensors, entry.second.string());
      if (checkpoint.score && (!best || *checkpoint.score > best->score))
        best = {checkpoint.step, *checkpoint.score};
    } catch (const InputError&) {
      continue;
    }
  }
  return best;
}

Latest latest_checkpoint(const fs::path& folder) {
  Latest latest;
  const auto files = checkpoint_files(folder);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    try {
      latest.checkpoint = read_checkpoint(file->second);
      latest.file = file->second;
      return latest;
    } catch (const InputError& error) {
      latest.damaged.emplace_back(error.what());
    }
  }
  return latest;
}

CheckpointCost& CheckpointCost::operator+=(const CheckpointCost& later) {
  written += later.written;
  writing += later.writing;
  waiting += later.waiting;
  if (later.written > 0) bytes = later.bytes;
  return *this;
}

class Checkpoints::Writer {
 public:
  Writer(fs::path folder, const Retention& retention)
      : folder_(std::move(folder)), retention_(retention) {
    create_folder(folder_);
    remove_temporaries(folder_, [](std::string_view name) { return step_of(name).has_value(); });
    if (retention_.best) best_ = best_checkpoint(folder_);
    thread_ = std::thread([this] { work(); });
  }

  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void save(Checkpoint checkpoint) {
    wait();
    {
      const std::lock_guard lock(mutex_);
      next_ = std::move(checkpoint);
    }
    changed_.notify_all();
  }

  void wait() {
    const Seconds start = now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !next_; });
    cost_.waiting += now() - start;
    if (const auto error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
  }

  CheckpointCost cost() const {
    const std::lock_guard lock(mutex_);
    return cost_;
  }

 private:
  void work() {
    static const trace::Name event =
        trace::intern({"write checkpoint", trace::Category::phase, {"bytes", ""}});
    trace::name_thread("checkpoints");
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return next_ || ending_; });
      if (!next_) return;
      lock.unlock();
      const trace::Scope scope(event, size_of(*next_));
      const Seconds start = now();
      std::exception_ptr error;
      Bytes bytes;
      try {
        bytes = write(std::move(*next_));
      } catch (...) {
        error = std::current_exception();
      }
      const Seconds took = now() - start;
      lock.lock();
      error_ = error;
      next_.reset();
      cost_.writing += took;
      if (!error) {
        ++cost_.written;
        cost_.bytes = bytes;
      }
      changed_.notify_all();
    }
  }

  Bytes write(Checkpoint checkpoint) {
    const auto step = checkpoint.step;
    const auto score = checkpoint.score;
    const fs::path file = folder_ / file_name(step);
    write_checkpoint(file, std::move(checkpoint));
    remove_overtaken(step);
    if (score && (!best_ || *score > best_->score)) best_ = Ranked{step, *score};
    remove_old();
    return Bytes(static_cast<double>(fs::file_size(file)));
  }

  // Later steps are of a past that was given up: damaged, or resumed from before.
  void remove_overtaken(std::int64_t step) {
    for (const auto& [later, file] : checkpoint_files(folder_))
      if (later > step) fs::remove(file);
    if (best_ && best_->step > step) best_.reset();
  }

  void remove_old() const {
    const auto files = checkpoint_files(folder_);
    auto newer = static_cast<std::int64_t>(files.size());
    for (const auto& [step, file] : files) {
      const bool is_last = newer-- <= std::max(1, retention_.last);
      const bool is_best = retention_.best && best_ && step == best_->step;
      const bool is_kept = retention_.every > 0 && step % retention_.every == 0;
      if (!is_last && !is_best && !is_kept) fs::remove(file);
    }
  }

  fs::path folder_;
  Retention retention_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Checkpoint> next_;  // being written, or about to be
  std::exception_ptr error_;
  CheckpointCost cost_;
  bool ending_ = false;
  std::optional<Ranked> best_;  // of the background thread
  std::thread thread_;
};

Checkpoints::Checkpoints(fs::path folder, const Retention& retention)
    : writer_(std::make_unique<Writer>(std::move(folder), retention)) {}
Checkpoints::~Checkpoints() = default;

void Checkpoints::save(Checkpoint checkpoint) { writer_->save(std::move(checkpoint)); }
void Checkpoints::wait() { writer_->wait(); }
CheckpointCost Checkpoints::cost() const { return writer_->cost(); }

}  // namespace gnomon::fault
