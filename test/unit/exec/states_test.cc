#include "exec/states.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "exec/layout_conversion.h"
#include "ir/builder.h"
#include "unit/error_of.h"

namespace gnomon::exec {
namespace {

using ir::Initial;
using ir::Layout;

Tensor counting(Shape shape) {
  Tensor tensor(DType::f32, std::move(shape));
  const auto span = tensor.span<float>();
  std::iota(span.begin(), span.end(), 1.0f);
  return tensor;
}

std::vector<float> laid_out(const Tensor& tensor, const char* tag) {
  const Buffer bytes = from_row_major(tensor, Layout{tag});
  const auto* values = reinterpret_cast<const float*>(bytes.data());
  return {values, values + bytes.size() / sizeof(float)};
}

using Floats = std::vector<float>;

TEST(LayoutConversion, KnownPlaces) {
  EXPECT_EQ(laid_out(counting({2, 2}), ""), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(laid_out(counting({2, 3}), "ba"), (Floats{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(laid_out(counting({1, 2, 1, 2}), "acdb"), (Floats{1, 3, 2, 4}));
  // Three channels in blocks of two: the fourth is padding.
  EXPECT_EQ(laid_out(counting({1, 3, 2}), "aBc2b"), (Floats{1, 3, 2, 4, 5, 0, 6, 0}));
  // Two levels of blocks of one dimension: the outer digit counts more.
  EXPECT_EQ(laid_out(counting({4, 2}), "Ab2a2a"), (Floats{1, 3, 5, 7, 2, 4, 6, 8}));
  EXPECT_EQ(laid_out(counting({}), ""), (Floats{1}));
}

TEST(LayoutConversion, ThereAndBack) {
  for (const char* tag :
       {"", "abcd", "acdb", "dcba", "aBcd16b", "ABcd4b2a", "ABcd2a4b2a", "aBcd8b"})
    for (const Shape& shape : {Shape{2, 5, 3, 1}, Shape{0, 3, 2, 2}, Shape{1, 16, 2, 3}}) {
      const Tensor value = counting(shape);
      const Buffer bytes = from_row_major(value, Layout{tag});
      EXPECT_EQ(to_row_major({bytes.data(), bytes.size()}, DType::f32, shape, Layout{tag}), value)
          << tag << " " << to_string(shape);
    }
}

TEST(LayoutConversion, ElementsOfAnySize) {
  for (const auto type : {DType::f64, DType::bf16, DType::i8, DType::boolean}) {
    const Tensor value = convert(counting({3, 5}), type);
    const Buffer bytes = from_row_major(value, Layout{"bA2a"});
    EXPECT_EQ(to_row_major({bytes.data(), bytes.size()}, type, {3, 5}, Layout{"bA2a"}), value);
  }
}

ir::Program program() {
  ir::Builder b("program");
  b.parameter("uniform", {DType::f32, {100, 30}}, {Initial::Kind::uniform, 0.5});
  b.parameter("normal", {DType::f32, {3000}}, {Initial::Kind::normal, 2});
  b.parameter("one", {DType::bf16, {3}}, {Initial::Kind::constant, 1});
  return b.finish();
}

TEST(States, InitialValues) {
  const States states(program(), 7);
  double sum = 0, square = 0;
  const Tensor uniform = states.get("uniform"), normal = states.get("normal");
  for (const float x : uniform.span<float>()) {
    ASSERT_GE(x, -0.5f);
    ASSERT_LT(x, 0.5f);
    sum += static_cast<double>(x);
  }
  EXPECT_NEAR(sum / 3000, 0, 5 * 0.2887 / std::sqrt(3000.0));
  for (const float x : normal.span<float>())
    square += static_cast<double>(x) * static_cast<double>(x);
  EXPECT_NEAR(square / 3000, 4, 5 * 4 * std::sqrt(2.0 / 3000));
  EXPECT_EQ(convert(states.get("one"), DType::f32), Tensor::of<float>({3}, Floats{1, 1, 1}));
}

TEST(States, InitialValuesDependOnSeedNameAndElementAlone) {
  const States states(program(), 7), again(program(), 7), other(program(), 8);
  EXPECT_EQ(states.get("uniform"), again.get("uniform"));
  EXPECT_NE(states.get("uniform"), other.get("uniform"));
  ir::Builder b("alone");
  b.state({"uniform",
           {DType::f32, {100, 30}},
           ir::Role::parameter,
           {Initial::Kind::uniform, 0.5},
           Layout{"bA16a"}});
  EXPECT_EQ(States(b.finish(), 7).get("uniform"), states.get("uniform"));
}

TEST(States, ReLaidOutTheyKeepTheirValue) {
  States states(program(), 7);
  const Tensor before = states.get("uniform");
  states.keep_in("uniform", Layout{"bA16a"});
  EXPECT_EQ(states.get("uniform"), before);
  EXPECT_EQ(states.slot("uniform").bytes.size(), 112u * 30 * 4);
  const auto version = states.slot("uniform").version;
  states.keep_in("uniform", Layout{"bA16a"});
  EXPECT_EQ(states.slot("uniform").version, version);
  states.set("uniform", before);
  EXPECT_EQ(states.slot("uniform").declared.layout, Layout{"bA16a"});
  EXPECT_EQ(states.slot("uniform").version, version + 1);
}

TEST(States, Misuse) {
  States states(program(), 7);
  EXPECT_EQ(test::error_of([&] { states.get("two"); }), "state two: there is none of this name");
  EXPECT_EQ(test::error_of([&] { states.set("one", counting({3})); }),
            "state one: is bf16[3], cannot be set to f32[3]");
  EXPECT_THROW(states.slot("two"), InternalError);
  ir::Builder b("symbolic");
  b.parameter("w", {DType::f32, {{"b", 3}}}, {});
  const auto symbolic = b.finish();
  EXPECT_EQ(test::error_of([&] { States(symbolic, 1); }),
            "state w: f32[b] has a symbol; the extents of a state are integers");
}

TEST(States, PoisonLastsUntilEveryStateIsRestored) {
  States states(program(), 7);
  const Tensor uniform = states.get("uniform"), normal = states.get("normal"),
               one = states.get("one");
  states.poison();
  states.set("uniform", uniform);
  states.set("normal", normal);
  EXPECT_THROW(states.get("uniform"), InputError);
  EXPECT_THROW(states.slot("uniform"), InputError) << "no executor works on poisoned states";
  states.set("one", one);
  EXPECT_FALSE(states.poisoned());
  EXPECT_EQ(states.get("uniform"), uniform);
}

}  // namespace
}  // namespace gnomon::exec
