#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "data/safetensors.h"
#include "train/model_file.h"

namespace gnomon::train {
namespace {

namespace fs = std::filesystem;

class Weights : public testing::Test {
 protected:
  ~Weights() override { fs::remove(file_); }

  void load() {
    data::write_safetensors(file_, contents_);
    load_weights(file_, model_, states_);
  }

  std::string refusal() {
    try {
      load();
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  const fs::path file_ =
      fs::path(testing::TempDir()) / ("weights_" + std::to_string(::getpid()) + ".safetensors");
  const ir::Program model_ = build_model("resnet8", {}, Mode::training);
  exec::States states_{model_, 1};
  const exec::States others_{model_, 2};
  data::NamedTensors contents_ = [this] {
    data::NamedTensors contents;
    for (const auto& name : others_.names()) contents.tensors.emplace(name, others_.get(name));
    return contents;
  }();
};

// PyTorch's batch-norm counts its batches; a double() module is in f64.
TEST_F(Weights, WhatPyTorchSavesLoadsByName) {
  auto& tensors = contents_.tensors;
  tensors.emplace("bn.num_batches_tracked", Tensor::scalar<std::int64_t>(20));
  tensors["fc.weight"] = convert(tensors.at("fc.weight"), DType::f64);
  load();
  for (const auto& name : states_.names()) EXPECT_EQ(states_.get(name), others_.get(name)) << name;
}

TEST_F(Weights, StatisticsMayBeAbsentAndThenStayAsTheyWere) {
  const auto before = states_.get("bn.running_mean");
  contents_.tensors["bn.running_var"].span<float>()[0] = 7;
  contents_.tensors.erase("bn.running_mean");
  load();
  EXPECT_EQ(states_.get("bn.running_mean"), before);
  EXPECT_EQ(states_.get("bn.running_var").span<float>()[0], 7);
}

TEST_F(Weights, ANameThatDoesNotFitIsNamedWithTheNearest) {
  auto renamed = contents_.tensors.extract("fc.bias");
  renamed.key() = "fc.bais";
  contents_.tensors.insert(std::move(renamed));
  const auto before = states_.get("conv.weight");
  EXPECT_EQ(refusal(),
            file_.string() + ": has no fc.bias, a parameter of resnet8; did you mean 'fc.bais'?");
  EXPECT_EQ(states_.get("conv.weight"), before) << "nothing is set";
}

TEST_F(Weights, WhatTheModelHasNoUseForIsRefused) {
  contents_.tensors.emplace("fc.biases", contents_.tensors.at("fc.bias"));
  EXPECT_EQ(refusal(), file_.string() +
                           ": holds fc.biases, which resnet8 has no use for; did you mean "
                           "'fc.bias'?");
}

TEST_F(Weights, AnotherShapeIsRefused) {
  contents_.tensors["fc.bias"] = Tensor(DType::f32, {11});
  EXPECT_EQ(refusal(), file_.string() + ": fc.bias is f32[11], expected f32[10]");
}

}  // namespace
}  // namespace gnomon::train
