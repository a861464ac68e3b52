#include "pass/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "count.h"
#include "fake_target.h"
#include "models.h"

namespace gnomon::pass {
namespace {

using Names = std::vector<std::string>;

Names steps(const Lowered& lowered) {
  Names names;
  for (const auto& step : lowered.steps) names.push_back(step.name);
  return names;
}

PipelineOptions everything() {
  PipelineOptions options;
  options.precision = DType::bf16;
  options.training = Training{"loss", {Sgd{0.9, 1e-4}}};
  options.memory = MemoryBudget{};
  return options;
}

TEST(Pipeline, TakesTheStepsAskedFor) {
  const auto forward = test::lenet({"b", 64});
  Names always = pipeline_steps();
  for (const auto* asked_for : {"mixed_precision", "gradient", "update", "rematerialise"})
    EXPECT_EQ(std::erase(always, asked_for), 1U);
  EXPECT_EQ(steps(lower(forward, test::FakeTarget())), always);
  EXPECT_EQ(steps(lower(forward, test::FakeTarget(), everything())), pipeline_steps());
}

TEST(Pipeline, EveryStepCanBeLeftOut) {
  for (const auto& step : pipeline_steps()) {
    auto options = everything();
    options.without = {step};
    if (step == "gradient") options.without.insert("update");
    const auto taken = steps(lower(test::lenet({"b", 64}), test::FakeTarget(), options));
    EXPECT_EQ(std::count(taken.begin(), taken.end(), step), 0) << step;
  }
}

TEST(Pipeline, StopsAfterAStepEvenOneNotTaken) {
  auto options = everything();
  options.after = "gradient";
  EXPECT_EQ(steps(lower(test::lenet({"b", 64}), test::FakeTarget(), options)),
            (Names{"mixed_precision", "gradient"}));
  options.training.reset();
  EXPECT_EQ(steps(lower(test::lenet({"b", 64}), test::FakeTarget(), options)),
            (Names{"mixed_precision"}));
}

TEST(Pipeline, TellsWhatChanged) {
  Names changed;
  auto options = everything();
  options.changed = [&](const std::string& step, const ir::Program&) { changed.push_back(step); };
  const auto lowered = lower(test::lenet({"b", 64}), test::FakeTarget(), options);
  Names reported;
  for (const auto& step : lowered.steps)
    if (step.changed) reported.push_back(step.name);
  EXPECT_EQ(changed, reported);
  EXPECT_EQ(changed, pipeline_steps());
}

TEST(Pipeline, KnowsItsSteps) {
  PipelineOptions options;
  options.without = {"fus"};
  try {
    lower(test::lenet({"b", 64}), test::FakeTarget(), options);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "pass fus: there is no such pass; did you mean 'fuse'?");
  }
}

}  // namespace
}  // namespace gnomon::pass
