#include "data/loader.h"

#include <algorithm>
#include <array>
#include <cstring>
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
  if (data.size() < 1) throw InputError("data set: holds no examples; there is nothing to load");
  if (options.drop_partial && options.batch_size > data.size())
    throw InputError("batch size {}: the data set has only {} examples; use a smaller batch",
                     options.batch_size, data.size());
  if (options.workers < 1 || options.batch_size % options.workers != 0)
    throw InputError("batch size {}: cannot be divided among {} workers; use a multiple",
                     options.batch_size, options.workers);
  if (options.augmentation.any() &&
      (data.inputs.dtype() != DType::u8 || data.inputs.shape().size() != 4))
    throw InputError(
        "augmentation: changes u8 images [n, c, h, w], the data set holds {}{}; leave it "
        "out with --crop 0 --no-flip",
        name(data.inputs.dtype()), to_string(data.inputs.shape()));
  if (options.augmentation.crop < 0 ||
      (options.augmentation.crop > 0 && options.augmentation.crop >= data.inputs.shape().back()))
    throw InputError("augmentation: crop {}: must be at least 0 and less than the image's width",
                     options.augmentation.crop);
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
    const std::int64_t rows = batch.labels.shape()[0];
    const std::int64_t begin = index % batches_ * options_.batch_size + options_.worker * rows;
    batch.size = std::clamp<std::int64_t>(data_->size() - begin, 0, rows);
    for (std::int64_t row = 0; row < rows; ++row)
      if (row < batch.size)
        copy(begin + row, batch, row);
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

  void copy(std::int64_t position, Batch& batch, std::int64_t row) {
    const std::int64_t example = order_[static_cast<std::size_t>(position)];
    if (data_->inputs.dtype() != DType::u8)
      copy_row(data_->inputs, example, batch.inputs, row);
    else if (options_.augmentation.any())
      copy_augmented(position, example, batch, row);
    else
      copy_normalised(example, batch, row);
    if (data_->labels.dtype() == DType::u8)
      widen_row(data_->labels, example, batch.labels, row);
    else
      copy_row(data_->labels, example, batch.labels, row);
  }

  void copy_normalised(std::int64_t image, Batch& batch, std::int64_t row) const {
    const std::size_t pixels = row_length(batch.inputs);
    const auto from = data_->inputs.span<std::uint8_t>().subspan(image * pixels, pixels);
    const auto to = batch.inputs.span<float>().subspan(row * pixels, pixels);
    for (std::size_t i = 0; i < pixels; ++i) to[i] = normalised_[from[i]];
  }

  void copy_augmented(std::int64_t position, std::int64_t image, Batch& batch,
                      std::int64_t row) const {
    const Shape& shape = data_->inputs.shape();
    const std::int64_t channels = shape[1], height = shape[2], width = shape[3];
    const std::int64_t crop = options_.augmentation.crop;
    const Random random(options_.seed, hash64("augment") + static_cast<std::uint64_t>(epoch_));
    const auto draw = [&, place = static_cast<std::uint64_t>(position) * 3](std::uint64_t which) {
      return static_cast<std::int64_t>(
                 random.below(static_cast<std::uint64_t>(2 * crop + 1), place + which)) -
             crop;
    };
    const std::int64_t down = draw(0), right = draw(1);
    const bool mirrored = options_.augmentation.flip &&
                          random.below(2, static_cast<std::uint64_t>(position) * 3 + 2) == 1;
    const std::size_t pixels = row_length(batch.inputs);
    const auto* const from = data_->inputs.span<std::uint8_t>().data() + image * pixels;
    float* const to = batch.inputs.span<float>().data() + row * pixels;
    std::int64_t at = 0;
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
          const std::int64_t from_y = y + down, from_x = (mirrored ? width - 1 - x : x) + right;
          const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
          to[at++] = normalised_[inside ? from[(c * height + from_y) * width + from_x] : 0];
        }
  }

  static void copy_row(const Tensor& from, std::int64_t i, Tensor& to, std::int64_t row) {
    const std::size_t bytes = row_length(to) * sizeof(float);
    std::memcpy(to.data() + static_cast<std::size_t>(row) * bytes,
                from.data() + static_cast<std::size_t>(i) * bytes, bytes);
  }

  static void widen_row(const Tensor& from, std::int64_t i, Tensor& to, std::int64_t row) {
    const std::size_t length = row_length(to);
    std::copy_n(from.span<std::uint8_t>().begin() + i * static_cast<std::ptrdiff_t>(length), length,
                to.span<std::int32_t>().begin() + row * static_cast<std::ptrdiff_t>(length));
  }

  static void clear(Batch& batch, std::int64_t row) {
    for (Tensor* tensor : {&batch.inputs, &batch.labels}) {
      const std::size_t bytes = row_length(*tensor) * sizeof(float);
      std::memset(tensor->data() + static_cast<std::size_t>(row) * bytes, 0, bytes);
    }
  }

  // Elements of one example. All that a batch holds has four bytes.
  static std::size_t row_length(const Tensor& tensor) {
    return static_cast<std::size_t>(tensor.count() / tensor.shape()[0]);
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

  std::int64_t ready() const { return ahead_->ready(); }
  std::int64_t batches() const { return batches_; }
  Position position() const { return position_; }

 private:
  void start() {
    const auto rows_of = [&](const Tensor& all, DType narrow_becomes) {
      Shape shape = all.shape();
      shape[0] = options_.batch_size / options_.workers;
      return Tensor(all.dtype() == DType::u8 ? narrow_becomes : all.dtype(), shape);
    };
    std::vector<Batch> slots(static_cast<std::size_t>(options_.ahead) + 1);
    for (auto& slot : slots)
      slot = {rows_of(data_->inputs, DType::f32), rows_of(data_->labels, DType::i32), 0};
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
std::int64_t Loader::ready() const { return work_->ready(); }
std::int64_t Loader::batches_per_epoch() const { return work_->batches(); }
Position Loader::position() const { return work_->position(); }
void Loader::seek(Position position) { work_->seek(position); }

}  // namespace gnomon::data
