#pragma once

// What is asked of a training, apart from model and data.

#include <cstdint>
#include <optional>

#include "data/loader.h"
#include "pass/rematerialise.h"
#include "pass/update.h"
#include "train/loss.h"
#include "train/precision.h"
#include "train/schedule.h"

namespace gnomon::train {

struct TrainOptions {
  std::int64_t epochs = 6;
  std::int64_t steps = 0;           // if not 0 the run ends after so many, and epochs do not count
  std::int64_t evaluate_every = 0;  // steps; 0: after each epoch. At the end in any case
  std::int64_t batch = 64;
  std::int64_t microbatch = 0;  // examples computed at once, a divisor of `batch`; 0: all of it
  double learning_rate = 0.05;
  Schedule schedule = Schedule::cosine;
  std::int64_t warmup = 0;  // steps over which the rate rises from 0; at most the run's
  pass::Update update = {pass::Sgd{0.9, 0}};
  Loss loss = Loss::cross_entropy;
  double label_smoothing = 0;
  data::Augmentation augmentation;
  Precision precision = Precision::f32;
  std::uint64_t seed = 0;
  std::optional<pass::MemoryBudget> memory;  // of a step; the same numbers come out

  std::int64_t at_once() const { return microbatch > 0 ? microbatch : batch; }
};

}  // namespace gnomon::train
