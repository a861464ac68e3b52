#include "data/loader.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "base/hash.h"
#include "base/random.h"
#include "data/prefetcher.h"

namespace gnomon::data {
namespace {

void check(const Dataset& data, const LoaderOptions& options) {
  if (options.batch_size < 1)
    throw InputError("batch size {}: must be at least 1", options.batch_size);
  if (data.size() < 1) throw InputError("data set: holds no images; there is nothing to load");
  if (options.drop_partial && options.batch_size > data.size())
    throw InputError("batch size {}: the data set has only {} images; use a smaller batch",
                     options.batch_size, data.size());
  if (options.workers < 1 || options.batch_size % options.workers != 0)
    throw InputError("batch size {}: cannot be divided among {} workers; use a multiple",
                     options.batch_size, options.workers);
  GNOMON_CHECK(options.worker >= 0 && options.worker < options.workers, "worker {} of {}",
               options.worker, options.workers);
  GNOMON_CHECK(options.ahead >= 1, "at least one batch is prepared ahead");
}

std::int64_t count_batches(std::int64_t images, const LoaderOptions& options) {
  const std::int64_t partial = options.drop_partial ? 0 : options.batch_size - 1;
  return (images + partial) / options.batch_size;
}

// Fills batches on the background thread.
class Filler {
 public:
  Filler(const Dataset& data, const LoaderOptions& options)
      : data_(&data), options_(options), batches_(count_batches(data.size(), options)) {
    const auto& [mean, deviation] = data.normalisation;
    for (std::size_t p = 0; p < normalised_.size(); ++p)
      normalised_[p] = static_cast<float>((static_cast<double>(p) / 255 - mean) / deviation);
  }

  void operator()(Batch& batch, std::int64_t index) {
    begin_epoch(index / batches_);
    const std::int64_t rows = batch.labels.count();
    const std::int64_t begin = index % batches_ * options_.batch_size + options_.worker * rows;
    batch.size = std::clamp<std::int64_t>(data_->size() - begin, 0, rows);
    for (std::int64_t row = 0; row < rows; ++row)
      if (row < batch.size)
        copy(order_[static_cast<std::size_t>(begin + row)], batch, row);
      else
        clear(batch, row);
  }

 private:
  void begin_epoch(std::int64_t epoch) {
    if (epoch == epoch_) return;
    epoch_ = epoch;
    if (options_.shuffle) {
      order_ = epoch_order(options_.seed, epoch, data_->size());
    } else if (order_.empty()) {
      order_.resize(static_cast<std::size_t>(data_->size()));
      std::iota(order_.begin(), order_.end(), 0);
    }
  }

  void copy(std::int64_t image, Batch& batch, std::int64_t row) const {
    const std::size_t pixels = pixels_per_image(batch);
    const auto from = data_->images.span<std::uint8_t>().subspan(image * pixels, pixels);
    const auto to = batch.images.span<float>().subspan(row * pixels, pixels);
    for (std::size_t i = 0; i < pixels; ++i) to[i] = normalised_[from[i]];
    batch.labels.span<std::int32_t>()[row] = data_->labels.span<std::uint8_t>()[image];
  }

  static void clear(Batch& batch, std::int64_t row) {
    const std::size_t pixels = pixels_per_image(batch);
    const auto rest = batch.images.span<float>().subspan(row * pixels, pixels);
    std::fill(rest.begin(), rest.end(), 0.0f);
    batch.labels.span<std::int32_t>()[row] = 0;
  }

  static std::size_t pixels_per_image(const Batch& batch) {
    return static_cast<std::size_t>(batch.images.count() / batch.labels.count());
  }

  const Dataset* data_;
  LoaderOptions options_;
  std::int64_t batches_;
  std::array<float, 256> normalised_{};
  std::vector<std::int64_t> order_;
  std::int64_t epoch_ = -1;
};

}  // namespace

std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch, std::int64_t count) {
  const auto stream = hash64("shuffle") + static_cast<std::uint64_t>(epoch);
  return Random(seed, stream).permutation(count);
}

class Loader::Work {
 public:
  Work(const Dataset& data, const LoaderOptions& options)
      : data_(&data), options_(options), batches_(count_batches(data.size(), options)) {
    start();
  }

  const Batch* next() {
    if (position_.batch == batches_) {
      position_ = {.epoch = position_.epoch + 1, .batch = 0};
      return nullptr;
    }
    const Batch& batch = ahead_->next();
    ++position_.batch;
    return &batch;
  }

  void seek(Position position) {
    if (position.epoch < 0 || position.batch < 0 || position.batch > batches_)
      throw InputError("position: batch {} of epoch {} does not exist; an epoch has {} batches",
                       position.batch, position.epoch, batches_);
    position_ = position;
    start();
  }

  std::int64_t batches() const { return batches_; }
  Position position() const { return position_; }

 private:
  void start() {
    Shape shape = data_->images.shape();
    shape[0] = options_.batch_size / options_.workers;
    std::vector<Batch> slots(static_cast<std::size_t>(options_.ahead) + 1);
    for (auto& slot : slots) slot = {Tensor(DType::f32, shape), Tensor(DType::i32, {shape[0]}), 0};
    const std::int64_t first = position_.epoch * batches_ + position_.batch;
    ahead_.reset();
    ahead_.emplace(std::move(slots), first, Filler(*data_, options_));
  }

  const Dataset* data_;
  LoaderOptions options_;
  std::int64_t batches_;
  Position position_;
  std::optional<Prefetcher<Batch>> ahead_;
};

Loader::Loader(const Dataset& data, const LoaderOptions& options) {
  check(data, options);
  work_ = std::make_unique<Work>(data, options);
}
Loader::~Loader() = default;

const Batch* Loader::next() { return work_->next(); }
std::int64_t Loader::batches_per_epoch() const { return work_->batches(); }
Position Loader::position() const { return work_->position(); }
void Loader::seek(Position position) { work_->seek(position); }

}  // namespace gnomon::data
