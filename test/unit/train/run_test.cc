#include "train/run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sealed_json.h"

namespace gnomon::train {
namespace {

namespace fs = std::filesystem;

class RunTest : public testing::Test {
 protected:
  RunTest() { create_folder(folder); }
  ~RunTest() override { fs::remove_all(root); }

  const fs::path root =
      fs::path(testing::TempDir()) / ("gnomon_runs_" + std::to_string(::getpid()));
  const fs::path folder = root / "lenet-1";
};

RunRecord record() {
  RunRecord r;
  r.state = RunState::interrupted;
  r.started = "2026-11-22T02:12:22Z";
  r.recipe = default_recipe("gpt-nano");
  r.recipe.learning_rate = 0.1 + 0.2;
  r.facts = {{"threads", "2"}};
  r.steps = 12;
  r.total_steps = 100;
  r.assessments = {{10, 0.1, 1.0 / 3, 0.5, 0.25, Seconds(1.5)}};
  r.samples = {{10, "The ", "jury\xff said"}};
  r.warnings = {"the loss rose"};
  return r;
}

TEST_F(RunTest, ARecordIsReadAsItWasWritten) {
  write_run(folder, record());
  const auto read = read_run(folder);
  EXPECT_EQ(read.state, RunState::interrupted);
  EXPECT_EQ(read.recipe, record().recipe);
  EXPECT_EQ(read.facts, record().facts);
  ASSERT_EQ(read.assessments.size(), 1u);
  EXPECT_EQ(read.assessments[0].loss, 1.0 / 3);
  EXPECT_EQ(read.samples.at(0).prompt, "The ");
  EXPECT_EQ(read.warnings, record().warnings);
}

TEST_F(RunTest, ARecordThatCouldNotBeReadBackIsNotWritten) {
  write_run(folder, record());
  auto large = record();
  large.samples[0].text = std::string(65 << 20, 'x');
  try {
    write_run(folder, large);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("run.json: would have 65 MiB"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(read_run(folder).warnings, record().warnings) << "the old one is as it was";
}

TEST_F(RunTest, AProgramThatNoRecordCanHoldIsRefused) {
  const fs::path file = folder / "long.gir";
  write_file(file, std::string(17 << 20, '#'));
  try {
    default_recipe(file.string());
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("larger than 16 MiB"), std::string::npos)
        << error.what();
  }
}

TEST_F(RunTest, ADamagedRecordIsRefused) {
  write_run(folder, record());
  const std::string whole = read_file(folder / "run.json", Bytes(1 << 20));
  const Random random(1, "damage");
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    std::string bytes = whole;
    const auto at = random.below(whole.size(), trial);
    if (trial % 3 == 0)
      bytes.resize(at);
    else
      bytes[at] ^= static_cast<char>(1U << random.below(7, 1000 + trial));
    write_file(folder / "run.json", bytes);
    try {
      EXPECT_EQ(read_run(folder).recipe, record().recipe) << "blanks mean nothing";
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find((folder / "run.json").string()), 0u) << error.what();
    }
  }
}

TEST_F(RunTest, ALogGoesOnWhereTheCheckpointWas) {
  const auto step = [](std::int64_t number) { return Step{number, 1.0 / 3, 0.05, 2}; };
  {
    StepLog log(folder, 0);
    for (std::int64_t number = 1; number <= 10; ++number) log.add(step(number));
    log.flush();
  }
  std::string text = read_file(folder / "steps.csv", Bytes(1 << 20));
  write_file(folder / "steps.csv", text + "11,0.2");  // cut off
  {
    StepLog log(folder, 7);
    log.add(step(8));
    log.flush();
  }
  const auto steps = read_steps(folder);
  ASSERT_EQ(steps.size(), 8u);
  EXPECT_EQ(steps[7].number, 8);
  EXPECT_EQ(steps[7].loss, 1.0 / 3);
  write_file(folder / "steps.csv", "step,loss,learning_rate,gradient_norm\n1,2,x,4\n");
  try {
    read_steps(folder);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("steps.csv:2:"), std::string::npos) << error.what();
  }
}

TEST_F(RunTest, ADamagedLineOfTheLogCostsNoOther) {
  const std::string header = "step,loss,learning_rate,gradient_norm\n";
  write_file(folder / "steps.csv", header + "1,2,3,4\n2,2,3,4\n3,garbage\n4,2,3,4\n5,2,3,4\n");
  {
    const StepLog log(folder, 4);
    EXPECT_EQ(log.damage(), (folder / "steps.csv").string() +
                                ":4: is no line of a log of steps; the others are kept");
  }
  EXPECT_EQ(read_file(folder / "steps.csv", Bytes(1 << 20)),
            header + "1,2,3,4\n2,2,3,4\n4,2,3,4\n");
  EXPECT_EQ(StepLog(folder, 4).damage(), "");
  write_file(folder / "steps.csv", "1,2,3,4\n\n2,2,3,4\n");
  EXPECT_NE(
      StepLog(folder, 4).damage().find(":1: is no line of a log of steps, nor are 1 below it;"),
      std::string::npos);
  EXPECT_EQ(read_steps(folder).size(), 2u);
}

TEST_F(RunTest, OnlyClassesHaveAnAccuracy) {
  RunRecord of_classes = record(), of_numbers = record();
  of_classes.recipe.loss = "cross-entropy";
  of_numbers.recipe.loss = "mean-squared-error";
  EXPECT_EQ(assessments_json(of_classes)[0]["accuracy"], 0.5);
  EXPECT_TRUE(assessments_json(of_numbers)[0]["accuracy"].is_null());
  EXPECT_EQ(assessments_json(of_numbers)[0]["test_loss"], 0.25);
}

TEST_F(RunTest, OneProcessHoldsARun) {
  EXPECT_FALSE(is_held(folder));
  {
    const FileLock lock = lock_run(folder);
    EXPECT_TRUE(is_held(folder));
    EXPECT_THROW(lock_run(folder), EnvironmentError);
  }
  EXPECT_FALSE(is_held(folder));
  EXPECT_NO_THROW(lock_run(folder));
}

TEST_F(RunTest, FoldersAreNumbered) {
  EXPECT_EQ(new_run_folder(root, "lenet"), root / "lenet-2");
  EXPECT_EQ(new_run_folder(root, "lenet"), root / "lenet-3") << "lenet-2 is taken, though empty";
  EXPECT_EQ(new_run_folder(root, "models/my-net.gir"), root / "my-net-1");
}

TEST_F(RunTest, HalfWrittenFilesGoWithTheRun) {
  write_run(folder, record());
  for (const auto* name : {"run.json.4711-0", "steps.csv.4711-1", "model.safetensors.4711-2"})
    write_file(folder / name, "half");
  write_file(folder / "notes.txt.1-2", "theirs");
  remove_unfinished(folder);
  EXPECT_TRUE(fs::exists(folder / "run.json"));
  EXPECT_FALSE(fs::exists(folder / "run.json.4711-0"));
  write_file(folder / "report.html.4711-3", "half");
  remove_run(folder);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  fs::remove(folder / "notes.txt.1-2");
  remove_run(folder);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(RunTest, ARunWithoutARecordGoesOnFromItsCheckpoint) {
  EXPECT_FALSE(holds_run(folder));
  EXPECT_THROW(recover_run(folder), InputError);
  const Snapshot snapshot{{{"w", Tensor::scalar(1.5F)}}, 10, 1.0 / 3, record().assessments};
  fault::Checkpoints(checkpoint_folder(folder), {}).save(to_checkpoint(snapshot, record()));
  EXPECT_TRUE(holds_run(folder));
  write_file(folder / "run.json", "{");
  const auto [run, damage] = recover_run(folder);
  EXPECT_EQ(run.recipe, record().recipe);
  EXPECT_EQ(run.steps, 10);
  EXPECT_EQ(run.assessments.at(0).test_loss, 0.25);
  EXPECT_EQ(run.facts, record().facts);
  EXPECT_EQ(run.started, record().started);
  EXPECT_NE(damage.find("run.json"), std::string::npos) << damage;
  EXPECT_EQ(list_runs(root), std::vector{folder});

  write_file(folder / "run.json", seal({{"version", 2}}));
  EXPECT_THROW(recover_run(folder), InputError) << "a newer record is not damage";
  write_file(folder / "run.json", seal({{"version", "two"}}));
  EXPECT_THROW(recover_run(folder), InputError);
}

TEST_F(RunTest, ACheckpointHoldsASnapshotWhole) {
  Snapshot snapshot{{{"w", Tensor::scalar(1.5F)}}, 10, 1.0 / 3, record().assessments};
  const auto checkpoint = to_checkpoint(snapshot, record());
  EXPECT_EQ(checkpoint.score, -0.25);
  const auto back = snapshot_of(checkpoint, "c");
  EXPECT_EQ(back.states, snapshot.states);
  EXPECT_EQ(back.steps, 10);
  EXPECT_EQ(back.loss, 1.0 / 3);
  EXPECT_EQ(back.assessments.at(0).test_loss, 0.25);
  EXPECT_THROW(snapshot_of(fault::Checkpoint(), "c"), InputError);
}

TEST(Recipe, ReadsBackAndTellsDifferences) {
  auto recipe = default_recipe("resnet20");
  EXPECT_EQ(recipe_from_json(to_json(recipe), "r"), recipe);
  auto other = recipe;
  other.flip = !other.flip;
  other.seed = 7;
  EXPECT_EQ(differences(recipe, other), (std::vector<std::string>{"flip", "seed"}));
  EXPECT_TRUE(differences(recipe, recipe).empty());
  other = recipe;
  other.program = "program \"p\" {}";
  EXPECT_EQ(differences(recipe, other), std::vector<std::string>{"program"});
}

TEST(Recipe, RefusesWhatIsNone) {
  const std::string whole = to_json(default_recipe("lenet"));
  EXPECT_THROW(recipe_from_json("[]", "r"), InputError);
  EXPECT_THROW(recipe_from_json(whole.substr(0, 50), "r"), InputError);
  std::string unknown = whole;
  unknown.replace(unknown.find("\"batch\""), 7, "\"botch\"");
  EXPECT_THROW(recipe_from_json(unknown, "r"), InputError);
  for (const char* steps : {"2.5", "4.4e73", "9223372036854775808", "true"}) {
    std::string other = whole;
    other.replace(other.find("\"steps\":0"), 9, std::string("\"steps\":") + steps);
    EXPECT_THROW(recipe_from_json(other, "r"), InputError) << steps;
  }
  EXPECT_THROW(default_recipe("lenett"), InputError);
  auto recipe = default_recipe("lenet");
  recipe.optimiser = "adam";
  EXPECT_THROW(train_options(recipe), InputError);
}

TEST(Recipe, RefusesAChoiceThatNothingLooksAt) {
  const auto check = [](const char* model, auto member, auto value) {
    const auto defaults = default_recipe(model);
    auto recipe = defaults;
    recipe.*member = value;
    check_used(recipe, defaults);
  };
  EXPECT_NO_THROW(check("lenet", &Recipe::layers, 0));
  EXPECT_NO_THROW(check("gpt-nano", &Recipe::layers, 3));
  EXPECT_NO_THROW(check("lenet", &Recipe::dropout, 0.1));
  EXPECT_NO_THROW(check("gpt-nano", &Recipe::beta1, 0.8));
  EXPECT_THROW(check("lenet", &Recipe::layers, 3), InputError);
  EXPECT_NO_THROW(check("resnet32x2", &Recipe::dropout, 0.1));
  EXPECT_NO_THROW(check("mlp", &Recipe::label_smoothing, 0.1));
  EXPECT_THROW(check("mlp", &Recipe::merges, 300), InputError);
  EXPECT_THROW(check("gpt-nano", &Recipe::momentum, 0.5), InputError);
  EXPECT_THROW(check("lenet", &Recipe::beta2, 0.5), InputError);
  // Defaults of the model that another choice leaves without use are nobody's mistake.
  EXPECT_NO_THROW(check("gpt-nano", &Recipe::optimiser, "sgd"));
}

}  // namespace
}  // namespace gnomon::train
