#include "fault/checkpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace gnomon::fault {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { fs::remove_all(folder); }
  ~CheckpointTest() override { fs::remove_all(folder); }

  std::vector<std::int64_t> kept() const {
    std::vector<std::int64_t> steps;
    for (const auto& [step, file] : checkpoint_files(folder)) steps.push_back(step);
    return steps;
  }

  const fs::path folder =
      fs::path(testing::TempDir()) / ("gnomon_checkpoints_" + std::to_string(::getpid()));
};

// Every element is the step, so that a mixture of two would show.
Checkpoint of_step(std::int64_t step, std::optional<double> score = std::nullopt) {
  Tensor tensor(DType::f32, {1000});
  for (auto& element : tensor.span<float>()) element = static_cast<float>(step);
  return {step, score, {{"weight", tensor}, {"moment", tensor}}, {{"epochs", "[1, 2]"}}};
}

TEST_F(CheckpointTest, WhatIsReadIsWhatWasSaved) {
  Checkpoints checkpoints(folder, {});
  checkpoints.save(of_step(7, 0.5));
  checkpoints.wait();
  const Latest latest = latest_checkpoint(folder);
  ASSERT_TRUE(latest.checkpoint.has_value());
  EXPECT_EQ(latest.checkpoint->step, 7);
  EXPECT_EQ(latest.checkpoint->score, 0.5);
  EXPECT_EQ(latest.checkpoint->tensors, of_step(7).tensors);
  EXPECT_EQ(latest.checkpoint->facts, of_step(7).facts);
  EXPECT_EQ(checkpoints.cost().written, 1);
  EXPECT_GT(checkpoints.cost().bytes.value, 8000);
}

TEST(CheckpointCost, AddsUp) {
  CheckpointCost cost{2, Seconds(1), Seconds(0.5), Bytes(100)};
  cost += {};
  EXPECT_EQ(cost.written, 2);
  EXPECT_EQ(cost.bytes, Bytes(100)) << "nothing was written later";
  cost += {1, Seconds(2), Seconds(0.25), Bytes(300)};
  EXPECT_EQ(cost.written, 3);
  EXPECT_EQ(cost.writing, Seconds(3));
  EXPECT_EQ(cost.waiting, Seconds(0.75));
  EXPECT_EQ(cost.bytes, Bytes(300));
}

TEST_F(CheckpointTest, AnEmptyFolderHasNoLatest) {
  EXPECT_FALSE(latest_checkpoint(folder).checkpoint.has_value());
}

TEST_F(CheckpointTest, TheNewestTheBestAndTheRegularStay) {
  {
    Checkpoints checkpoints(folder, {.last = 2, .best = true, .every = 50});
    for (std::int64_t step = 10; step <= 120; step += 10)
      checkpoints.save(of_step(step, step == 30 ? 0.9 : 0.5));
    checkpoints.wait();
    EXPECT_EQ(kept(), (std::vector<std::int64_t>{30, 50, 100, 110, 120}));
  }
  Checkpoints resumed(folder, {.last = 1, .best = true, .every = 0});
  resumed.save(of_step(130, 0.8));
  resumed.wait();
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{30, 130})) << "the best of the earlier run is known";
}

TEST_F(CheckpointTest, TheBestIsKnownByItsManifestAlone) {
  {
    Checkpoints checkpoints(folder, {});
    checkpoints.save(of_step(1, 0.9));
    checkpoints.save(of_step(2, 0.1));
    checkpoints.wait();
  }
  const fs::path best = checkpoint_files(folder).at(1);
  std::string bytes = read_file(best, Bytes(1 << 20));
  bytes.back() ^= 1;  // of a tensor: whoever reads the tensors would refuse it
  write_file(best, bytes);
  Checkpoints resumed(folder, {.last = 1, .best = true, .every = 0});
  resumed.save(of_step(3, 0.5));
  resumed.wait();
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{1, 3}));
}

TEST_F(CheckpointTest, ADamagedFileIsPassedOverAndNamed) {
  Checkpoints checkpoints(folder, {});
  checkpoints.save(of_step(1));
  checkpoints.save(of_step(2));
  checkpoints.wait();
  const fs::path newest = checkpoint_files(folder).at(2);
  const std::string whole = read_file(newest, Bytes(1 << 20));
  const Random random(1, "damage");
  for (std::uint64_t trial = 0; trial < 500; ++trial) {
    std::string bytes = whole;
    if (trial % 5 == 0)
      bytes.resize(random.below(whole.size(), trial));
    else
      bytes[random.below(whole.size(), trial)] ^=
          static_cast<char>(1U << random.below(8, 1000 + trial));
    write_file(newest, bytes);
    const Latest latest = latest_checkpoint(folder);
    ASSERT_TRUE(latest.checkpoint.has_value());
    // Spaces that pad the header mean nothing; whatever else was hit is noticed.
    if (latest.checkpoint->step == 2)
      EXPECT_EQ(latest.checkpoint->tensors, of_step(2).tensors);
    else
      EXPECT_EQ(latest.damaged.size(), 1U);
  }
}

TEST_F(CheckpointTest, ANewerVersionIsRefused) {
  fs::create_directories(folder);
  const fs::path file = folder / "step-000000000001.safetensors";
  write_checkpoint(file, of_step(1));
  std::string bytes = read_file(file, Bytes(1 << 20));
  const auto at = bytes.find("\"gnomon.checkpoint\":\"1\"");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 21] = '9';
  write_file(file, bytes);
  try {
    read_checkpoint(file);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("newer version (format 9"), std::string::npos)
        << error.what();
  }
}

TEST_F(CheckpointTest, WhatTheUserKeepsBesideStays) {
  fs::create_directories(folder / "old.safetensors.d");
  write_file(folder / "old.safetensors.d" / "x", "theirs");
  fs::create_directories(folder / "step-000000000010.safetensors.1-0");
  for (const auto* name : {"step-000000000020.safetensors.bak", "notes.safetensors.12-3"})
    write_file(folder / name, "theirs");
  const fs::path half = folder / "step-000000000020.safetensors.4711-0";
  write_file(half, "ours");
  const Checkpoints checkpoints(folder, {});
  EXPECT_FALSE(fs::exists(half));
  for (const auto* name : {"old.safetensors.d/x", "step-000000000010.safetensors.1-0",
                           "step-000000000020.safetensors.bak", "notes.safetensors.12-3"})
    EXPECT_TRUE(fs::exists(folder / name)) << name;
}

// A limit on the size of files stands for a full disk: writes beyond it fail.
TEST_F(CheckpointTest, AFullDiskCostsNoOlderCheckpoint) {
  Checkpoints checkpoints(folder, {.last = 1});
  checkpoints.save(of_step(1));
  checkpoints.wait();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  checkpoints.save(of_step(2));
  EXPECT_THROW(checkpoints.wait(), EnvironmentError);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(kept(), std::vector<std::int64_t>{1});
  EXPECT_EQ(latest_checkpoint(folder).checkpoint->step, 1);
  checkpoints.save(of_step(3));
  checkpoints.wait();
  EXPECT_EQ(kept(), std::vector<std::int64_t>{3});
}

// kill -9 some commits later, while the child is about the next: the latest is whole, and never
// older than what was committed.
TEST_F(CheckpointTest, SurvivesKillsInTheMidstOfWork) {
  const Random random(20261122, "kills");
  std::int64_t committed = 0;
  for (std::uint64_t kill = 0; kill < 60; ++kill) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_ends[0]);
      Checkpoints checkpoints(folder, {.last = 2});
      for (std::int64_t step = committed + 1;; ++step) {
        checkpoints.save(of_step(step));
        checkpoints.wait();
        if (::write(pipe_ends[1], &step, sizeof(step)) != sizeof(step)) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    std::int64_t step = 0;
    for (auto commits = random.below(6, kill); commits-- > 0;)
      ASSERT_EQ(::read(pipe_ends[0], &committed, sizeof(committed)), sizeof(committed));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_ends[0], &step, sizeof(step)) == sizeof(step)) committed = step;
    ::close(pipe_ends[0]);
    const Latest latest = latest_checkpoint(folder);
    EXPECT_TRUE(latest.damaged.empty());
    if (committed == 0) continue;
    ASSERT_TRUE(latest.checkpoint.has_value());
    EXPECT_GE(latest.checkpoint->step, committed);
    EXPECT_EQ(latest.checkpoint->tensors, of_step(latest.checkpoint->step).tensors);
    committed = latest.checkpoint->step;
  }
  EXPECT_GT(committed, 10);
  Checkpoints tidy(folder, {});
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_EQ(entry.path().extension(), ".safetensors") << "half-written files are removed";
}

}  // namespace
}  // namespace gnomon::fault
