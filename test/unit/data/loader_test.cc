#include "data/loader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <set>

namespace gnomon::data {
namespace {

// Image i is 2 × 2, its pixels all i; its label is i mod 10.
Dataset numbered(std::int64_t count) {
  Dataset data;
  data.inputs = Tensor(DType::u8, {count, 1, 2, 2});
  data.labels = Tensor(DType::u8, {count});
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t p = 0; p < 4; ++p)
      data.inputs.span<std::uint8_t>()[4 * i + p] = static_cast<std::uint8_t>(i);
    data.labels.span<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 10);
  }
  data.normalisation = {.mean = 0, .deviation = 1.0 / 255};  // pixels become i again
  return data;
}

std::vector<std::int64_t> images_of(const Batch& batch) {
  std::vector<std::int64_t> images;
  for (std::int64_t row = 0; row < batch.size; ++row) {
    images.push_back(std::lround(batch.inputs.span<float>()[4 * row]));
    EXPECT_EQ(batch.labels.span<std::int32_t>()[row], images.back() % 10);
  }
  return images;
}

std::vector<std::int64_t> epoch_of(Loader& loader) {
  std::vector<std::int64_t> images;
  while (const Batch* batch = loader.next()) {
    const auto some = images_of(*batch);
    images.insert(images.end(), some.begin(), some.end());
  }
  return images;
}

TEST(Loader, AnEpochFollowsItsOrder) {
  const Dataset data = numbered(100);
  Loader loader(data, {.batch_size = 7, .seed = 3, .drop_partial = false});
  for (const std::int64_t epoch : {0, 1, 2})
    EXPECT_EQ(epoch_of(loader), epoch_order(3, epoch, 100)) << epoch;
}

TEST(Loader, OrdersDifferBetweenEpochsAndSeeds) {
  EXPECT_NE(epoch_order(1, 0, 100), epoch_order(1, 1, 100));
  EXPECT_NE(epoch_order(1, 0, 100), epoch_order(2, 0, 100));
  EXPECT_EQ(epoch_order(1, 0, 100), epoch_order(1, 0, 100));
}

TEST(Loader, WithoutShufflingTheOrderIsTheDataSets) {
  const Dataset data = numbered(10);
  Loader loader(data, {.batch_size = 4, .shuffle = false, .drop_partial = false});
  std::vector<std::int64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(epoch_of(loader), all);
  EXPECT_EQ(epoch_of(loader), all);
}

TEST(Loader, APartialBatchIsDroppedOrPaddedWithZeros) {
  const Dataset data = numbered(10);
  Loader training(data, {.batch_size = 4});
  EXPECT_EQ(training.batches_per_epoch(), 2);
  EXPECT_EQ(epoch_of(training).size(), 8u);

  Loader evaluation(data, {.batch_size = 4, .shuffle = false, .drop_partial = false});
  EXPECT_EQ(evaluation.batches_per_epoch(), 3);
  evaluation.next();
  evaluation.next();
  const Batch* last = evaluation.next();
  EXPECT_EQ(last->size, 2);
  EXPECT_EQ(last->inputs.shape(), (Shape{4, 1, 2, 2}));
  EXPECT_EQ(images_of(*last), (std::vector<std::int64_t>{8, 9}));
  for (std::size_t i = 8; i < 16; ++i) EXPECT_EQ(last->inputs.span<float>()[i], 0);
}

TEST(Loader, NormalisesByTheStatedMoments) {
  Dataset data = numbered(1);
  data.inputs.span<std::uint8_t>()[0] = 255;
  data.normalisation = {.mean = 0.25, .deviation = 0.5};
  Loader loader(data, {.batch_size = 1});
  const Batch* batch = loader.next();
  EXPECT_EQ(batch->inputs.span<float>()[0], 1.5f);
  EXPECT_EQ(batch->inputs.span<float>()[1], -0.5f);
}

// However many workers share a global batch, together they draw what one would.
TEST(Loader, WorkersTogetherDrawWhatOneWould) {
  const Dataset data = numbered(100);
  for (const bool drop : {true, false}) {
    Loader one(data, {.batch_size = 12, .seed = 5, .drop_partial = drop});
    for (const int workers : {2, 3, 4}) {
      std::vector<std::unique_ptr<Loader>> shares;
      for (int worker = 0; worker < workers; ++worker)
        shares.push_back(std::make_unique<Loader>(data, LoaderOptions{.batch_size = 12,
                                                                      .seed = 5,
                                                                      .drop_partial = drop,
                                                                      .worker = worker,
                                                                      .workers = workers}));
      one.seek({});
      while (const Batch* whole = one.next()) {
        std::vector<std::int64_t> together;
        for (const auto& share : shares)
          for (const auto image : images_of(*share->next())) together.push_back(image);
        EXPECT_EQ(together, images_of(*whole));
      }
    }
  }
}

TEST(Loader, ASavedPositionContinuesWhereItWasTaken) {
  const Dataset data = numbered(50);
  const LoaderOptions options{.batch_size = 8, .seed = 9};
  Loader first(data, options);
  for (int i = 0; i < 9; ++i) first.next();  // six batches, the end, two more
  const Position saved = first.position();
  EXPECT_EQ(saved, (Position{.epoch = 1, .batch = 2}));

  Loader resumed(data, options);
  resumed.seek(saved);
  EXPECT_EQ(resumed.position(), saved);
  EXPECT_EQ(epoch_of(resumed), epoch_of(first));
  EXPECT_EQ(epoch_of(resumed), epoch_of(first));
}

TEST(Loader, APositionAtTheEndOfAnEpochSeesTheEnd) {
  const Dataset data = numbered(16);
  Loader loader(data, {.batch_size = 8});
  loader.seek({.epoch = 0, .batch = 2});
  EXPECT_EQ(loader.next(), nullptr);
  EXPECT_EQ(loader.position(), (Position{.epoch = 1, .batch = 0}));
  EXPECT_THROW(loader.seek({.epoch = 0, .batch = 3}), InputError);
  EXPECT_THROW(loader.seek({.epoch = -1, .batch = 0}), InputError);
}

TEST(Loader, TensorsAreReused) {
  const Dataset data = numbered(64);
  Loader loader(data, {.batch_size = 2, .ahead = 3});
  std::set<const std::byte*> buffers;
  for (int epoch = 0; epoch < 3; ++epoch)
    while (const Batch* batch = loader.next()) buffers.insert(batch->inputs.data());
  EXPECT_EQ(buffers.size(), 4u);
}

TEST(Loader, ABatchStaysValidUntilTheNextCall) {
  const Dataset data = numbered(64);
  Loader loader(data, {.batch_size = 2, .ahead = 1});
  while (const Batch* batch = loader.next()) {
    const auto before = images_of(*batch);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(images_of(*batch), before);
  }
}

TEST(Loader, ImpossibleOptionsAreTheCallersMistake) {
  const Dataset data = numbered(10), none = numbered(0);
  EXPECT_THROW(Loader(data, {.batch_size = 0}), InputError);
  EXPECT_THROW(Loader(data, {.batch_size = 11}), InputError);
  EXPECT_THROW(Loader(data, {.batch_size = 4, .workers = 3}), InputError);
  EXPECT_THROW(Loader(none, {.batch_size = 1, .drop_partial = false}), InputError);
  EXPECT_NO_THROW(Loader(data, {.batch_size = 11, .drop_partial = false}));
}

TEST(Loader, MayBeDestroyedAtAnyTime) {
  const Dataset data = numbered(200);
  for (int taken = 0; taken < 30; ++taken) {
    Loader loader(data, {.batch_size = 10});
    for (int i = 0; i < taken; ++i) loader.next();
  }
}

}  // namespace
}  // namespace gnomon::data
