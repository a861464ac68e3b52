#include "data/prefetcher.h"

#include <gtest/gtest.h>

#include <atomic>

namespace gnomon::data {
namespace {

TEST(Prefetcher, HandsOutInOrder) {
  Prefetcher<std::int64_t> ahead(std::vector<std::int64_t>(3), 5,
                                 [](std::int64_t& slot, std::int64_t index) { slot = index; });
  for (std::int64_t i = 5; i < 1000; ++i) ASSERT_EQ(ahead.next(), i);
}

TEST(Prefetcher, KnowsWhatIsReady) {
  Prefetcher<int> ahead(std::vector<int>(3), 0,
                        [](int& slot, std::int64_t index) { slot = static_cast<int>(index); });
  for (int i = 0; i < 10; ++i) {
    while (ahead.ready() < 2) std::this_thread::yield();
    EXPECT_EQ(ahead.ready(), 2) << "the third slot is the consumer's";
    EXPECT_EQ(ahead.next(), i);
  }
}

TEST(Prefetcher, RunsAheadNoFurtherThanItsSlots) {
  std::atomic<std::int64_t> filled = 0, taken = 0, lead = 0;
  Prefetcher<std::int64_t> ahead(std::vector<std::int64_t>(4), 0,
                                 [&](std::int64_t& slot, std::int64_t index) {
                                   slot = index;
                                   ++filled;
                                   lead = std::max(lead.load(), filled - taken);
                                 });
  for (int i = 0; i < 2000; ++i) {
    ahead.next();
    ++taken;
  }
  // The count of taken slots trails next() by one, hence one more than the slots.
  EXPECT_LE(lead, 5);
}

TEST(Prefetcher, WhatFillThrowsReachesTheConsumerAfterWhatWasFilled) {
  Prefetcher<std::int64_t> ahead(std::vector<std::int64_t>(3), 0,
                                 [](std::int64_t& slot, std::int64_t index) {
                                   if (index == 4) throw InputError("file {} is damaged", index);
                                   slot = index;
                                 });
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_EQ(ahead.next(), i);
  for (int i = 0; i < 2; ++i) EXPECT_THROW(ahead.next(), InputError);
}

TEST(Prefetcher, StopsWhileFullAndAfterAFailure) {
  {
    Prefetcher<int> full(std::vector<int>(2), 0, [](int&, std::int64_t) {});
  }
  {
    Prefetcher<int> failed(std::vector<int>(2), 0, [](int&, std::int64_t) { throw 1; });
  }
}

}  // namespace
}  // namespace gnomon::data
