#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.h"
#include "data/loader.h"
#include "exec/executor.h"
#include "train/loss.h"
#include "train/precision.h"

namespace gnomon::train {

struct Evaluation {
  double accuracy = 0;                // share of right predictions; 0 where nothing is predicted
  double loss = 0;                    // mean over the predictions, without label smoothing
  std::vector<std::uint8_t> correct;  // one per prediction, in the order of the data set
  std::optional<Tensor> outputs;      // f32: the logits of all examples, if they were to be kept
};

// A model prepared for inference. One thread at a time.
class Evaluator {
 public:
  // `model` is a forward Program with the output "logits"; batches of up to `batch` examples.
  Evaluator(const ir::Program& model, exec::Executor& executor, Precision precision,
            std::int64_t batch, Loss loss = Loss::cross_entropy);

  // Every example once. Shows progress; throws Interrupted on Ctrl-C.
  Evaluation evaluate(const data::Dataset& data, exec::States& states, bool keep_outputs = false);

  // Times whole batches that are in memory already, for at least `duration`: each sample is the
  // time of one run, averaged over enough runs to last a millisecond.
  std::vector<Seconds> sample_latency(const data::Dataset& data, exec::States& states,
                                      Seconds duration);

  const exec::Executable& executable() const { return *executable_; }

 private:
  void add(const data::Batch& batch, const Tensor& logits, const std::vector<Tensor>& outputs,
           Evaluation& result) const;

  std::int64_t batch_;
  Loss loss_;
  std::size_t logits_, prediction_ = 0;  // among the outputs
  std::unique_ptr<exec::Executable> executable_;
};

}  // namespace gnomon::train
