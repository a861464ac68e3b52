#include "pass/widen.h"

#include <gtest/gtest.h>

#include "count.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/gradient.h"
#include "pass/mixed_precision.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

// one_hot alone cannot be had in f64: what follows it is a conversion.
void expect_wide(const Program& program) {
  verify(program);
  for (const auto& state : program.states) EXPECT_EQ(state.type.dtype, DType::f64) << state.name;
  for (const auto& node : program.nodes) {
    if (std::holds_alternative<OneHot>(node.op)) continue;
    for (const auto& type : node.results)
      EXPECT_TRUE(!is_float(type.dtype) || type.dtype == DType::f64) << name(node.op);
  }
  for (const auto& output : program.outputs)
    EXPECT_EQ(program.type(output.value).dtype, DType::f64) << output.name;
}

TEST(Widen, EveryFloatingPointValueOfATrainingStepBecomesF64) {
  const auto forward = test::lenet({"b", 64});
  expect_wide(widen(update(gradient(forward, "loss"), {Sgd{0.9, 1e-4}, 1, true, 0.9})));
  expect_wide(widen(update(gradient(forward, "loss"), {AdamW{}})));
  expect_wide(widen(update(gradient(mixed_precision(forward), "loss"), {})));
}

TEST(Widen, WhatIsWideAlreadyStaysAsItIs) {
  const auto once = widen(test::mlp(2, 8, {"b", 4}));
  const auto twice = widen(once);
  EXPECT_EQ(test::count(twice, "convert"), test::count(once, "convert") + 1) << "of one_hot's";
  EXPECT_EQ(twice.states, once.states);
}

TEST(Widen, IntegersStayAndConstantsAreConverted) {
  Builder b("mixed");
  const Value table = b(Constant{Blob(Tensor::of<float>({2, 1}, std::vector<float>{0.5F, 3}))}, {});
  const Value rows = b.input("rows", {DType::i32, {4}});
  b.output("picked", b(Gather{}, {table, rows}));
  const auto program = widen(b.finish());
  verify(program);
  EXPECT_EQ(program.nodes[0].results[0].dtype, DType::f64);
  EXPECT_EQ(std::get<Constant>(program.nodes[0].op).blob.tensor().span<double>()[1], 3);
  EXPECT_EQ(program.nodes[1].results[0].dtype, DType::i32);
}

TEST(Widen, ReachesInnerPrograms) {
  Builder inner("inner");
  const Value x = inner.input("x", {DType::f32, {3}});
  inner.output("y", inner(Exp{}, {x}));
  Builder b("outer");
  const Value outer = b.input("x", {DType::f32, {3}});
  b.output("y", b(Fused{Region(inner.finish())}, {outer}));
  const auto program = widen(b.finish());
  verify(program);
  expect_wide(std::get<Fused>(program.nodes[1].op).body.program());
}

}  // namespace
}  // namespace gnomon::pass
