#pragma once

// Batches of a data set, converted and normalised ahead of their use.
//
// The order of an epoch is a pure function of (seed, epoch): position i of the epoch holds image
// epoch_order(seed, epoch, n)[i], whatever the batch size, the number of workers and where a run
// resumed. Global batch b is positions b·B … b·B + B − 1; worker r of w takes the r-th of w equal
// parts of it.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/tensor.h"
#include "data/dataset.h"

namespace gnomon::data {

struct Batch {
  // [rows, ...]; the shapes never change. u8 images arrive as f32, normalised; class numbers as
  // i32.
  Tensor inputs;
  Tensor labels;
  std::int64_t size = 0;  // examples in it; the rows beyond hold zeros (a partial last batch)
};

// Random changes to u8 images [n, c, h, w], drawn anew for each epoch: a pure function of (seed,
// epoch, position in the epoch).
struct Augmentation {
  std::int64_t crop =
      0;              // shift by up to so many pixels in each direction; 0 comes in at the edges
  bool flip = false;  // mirror left to right, every other time

  bool any() const { return crop > 0 || flip; }
};

struct LoaderOptions {
  std::int64_t batch_size = 128;  // B, of all workers together
  std::uint64_t seed = 0;
  bool shuffle = true;  // otherwise the order of the data set in every epoch
  bool drop_partial =
      true;  // leave out a last batch that is not full (training); keep it (evaluation)
  Augmentation augmentation = {};
  int ahead = 2;    // batches prepared before they are asked for
  int worker = 0;   // 0 … workers − 1
  int workers = 1;  // divides batch_size
};

// Where a loader stands: the next batch is number `batch` of `epoch`. Saved with checkpoints.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;

  bool operator==(const Position&) const = default;
};

std::vector<std::int64_t> epoch_order(std::uint64_t seed, std::int64_t epoch, std::int64_t count);

// Threads: one background thread of its own prepares batches; the loader itself is used by one
// thread at a time. After the first batches nothing is allocated but one order per epoch.
class Loader {
 public:
  // Keeps a reference to `data`. Throws InputError if the options make no sense for it: a batch of
  // none, or of more than all images when partial batches are dropped; workers that do not divide
  // it.
  Loader(const Dataset& data, const LoaderOptions& options);
  Loader(Dataset&&, const LoaderOptions&) = delete;
  ~Loader();

  // The next batch, valid until the next call of next or seek; nullptr once at the end of each
  // epoch, after which the next epoch begins. Rethrows what went wrong in the background.
  const Batch* next();

  // Batches that are prepared and were not asked for yet, up to LoaderOptions::ahead: 0 says that
  // the loader is what one waits for.
  std::int64_t ready() const;

  std::int64_t batches_per_epoch() const;

  Position position() const;

  // Throws InputError if there is no such position.
  void seek(Position position);

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace gnomon::data
