#include "pass/fuse.h"

#include <gtest/gtest.h>

#include <set>

#include "count.h"
#include "fake_target.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/gradient.h"
#include "pass/simplify.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

const Type row{DType::f32, {8}};

const Program& body(const Program& program, const char* output) {
  return std::get<Fused>(test::producer(program, output).op).body.program();
}

TEST(Fuse, ContractionsTakeBiasAndRelu) {
  const auto program = fuse(test::lenet({"b", 64}), test::FakeTarget());
  verify(program);
  int epilogues = 0;
  for (const auto& node : program.nodes)
    if (const auto* fused = std::get_if<Fused>(&node.op))
      epilogues += fused->body.program().name == "convolution_add_relu" ||
                   fused->body.program().name == "matmul_add_relu";
  EXPECT_EQ(epilogues, 4);
  EXPECT_EQ(test::operators(body(program, "logits")), "matmul broadcast add");
  EXPECT_EQ(test::producer(program, "logits").label, "fc3");
}

TEST(Fuse, AnUpdateIsOneSweep) {
  const auto program =
      fuse(simplify(update(gradient(test::lenet({"b", 64}), "loss"), {Sgd{0.9, 1e-4}})),
           test::FakeTarget());
  verify(program);
  for (const auto& state : program.states) {
    if (state.role != Role::parameter) continue;
    std::set<std::uint32_t> writers;
    for (const auto& node : program.nodes)
      if (const auto* write = std::get_if<Write>(&node.op);
          write != nullptr && write->state.starts_with(state.name))
        writers.insert(node.inputs[0].node);
    ASSERT_EQ(writers.size(), 1u) << state.name;
    EXPECT_EQ(program.nodes[*writers.begin()].results.size(), 2u);
  }
}

TEST(Fuse, ATargetThatRefusesIsLeftAlone) {
  test::FakeTarget target;
  target.fuses_all = false;
  const auto program = test::lenet({"b", 64});
  EXPECT_EQ(fuse(program, target), program);
}

// x -> exp -> sum -> broadcast -> divide: the division needs all of exp's result.
TEST(Fuse, RegionsNeverFormACircle) {
  Builder b("normalise");
  const Value e = b(Add{}, {b.input("x", row), b.input("y", row)});
  const Value total = b(Sum{1, {0}}, {e});
  b.output("z", b(Divide{}, {e, b.broadcast_like(total, e)}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "fused fused");
  EXPECT_EQ(test::operators(body(program, "z")), "broadcast divide");
}

// x -> square -> sum, x -> square -> minus the sum: the square is made twice and never written.
TEST(Fuse, WhatOneKeptValueGivesIsMadeAgain) {
  Builder b("squares");
  const Value x = b.input("x", row);
  const Value square = b(Multiply{}, {x, x});
  const Value total = b(Sum{1, {0}}, {square});
  b.output("y", b(Subtract{}, {square, b.broadcast_like(total, square)}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "fused fused");
  EXPECT_EQ(test::operators(body(program, "y")), "multiply broadcast subtract");
  for (const auto& node : program.nodes) EXPECT_LE(node.results.size(), 1u);
}

// The accumulator of a bf16 product is f32: read by two, it is neither rounded nor made twice.
TEST(Fuse, AContractionIsWidenedWhereItIsMade) {
  Builder b("gradient");
  const Type narrow{DType::bf16, {4, 4}};
  const Value g =
      b(Convert{DType::f32}, {b(MatMul{}, {b.input("x", narrow), b.input("w", narrow)})});
  const Value norm = b(Sum{2, {0, 1}}, {b(Multiply{}, {g, g})});
  b.output("norm", norm);
  b.output("scaled", b(Multiply{}, {g, b.broadcast_like(norm, g)}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "fused fused fused");
  std::set<std::string> bodies;
  for (const auto& node : program.nodes)
    if (const auto* fused = std::get_if<Fused>(&node.op))
      bodies.insert(test::operators(fused->body.program()));
  EXPECT_EQ(bodies,
            (std::set<std::string>{"matmul convert", "multiply sum", "broadcast multiply"}));
}

// What only one value is made of is no better kept than the value.
TEST(Fuse, ASourceThatNobodyElseReadsIsNotKept) {
  Builder b("mask");
  const Value mask = b(Step{}, {b(Add{}, {b.input("x", row), b.input("y", row)})});
  const Value total = b(Sum{1, {0}}, {mask});
  b.output("z", b(Divide{}, {mask, b.broadcast_like(total, mask)}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(body(program, "z")), "broadcast divide");
}

TEST(Fuse, AStateIsReadBeforeItIsWrittenOver) {
  Builder b("state");
  const Value w = b.parameter("w", row, {Initial::Kind::constant, 1});
  const Value doubled = b(Add{}, {w, w});
  const Value total = b(Sum{1, {0}}, {doubled});
  b.write("w", b(Subtract{}, {doubled, b.broadcast_like(total, doubled)}));
  b.output("total", total);
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "fused fused write");
  EXPECT_EQ(test::producer(program, "total").results.size(), 2u);
}

TEST(Fuse, SumsJoinWhatTheyAreTakenOf) {
  Builder b("gradient");
  const Value x = b.input("x", row), y = b.input("y", row);
  const Value g = b(Multiply{}, {x, y});
  b.output("g", g);
  b.output("sum", b(Sum{1, {0}}, {g}));
  b.output("of squares", b(Sum{1, {0}}, {b(Multiply{}, {g, y})}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "fused");
  EXPECT_EQ(test::producer(program, "g").results.size(), 3u);
}

TEST(Fuse, ACircleThroughAnotherRegionIsSeen) {
  Builder b("circle");
  const Value x = b.input("x", row);
  const Value first = b(Exp{}, {x});
  const Value moved = b(Reshape{{DType::f32, {2, 4}}}, {first});
  const Value second = b(Relu{}, {b(Negate{}, {moved})});
  const Value back = b(Reshape{row}, {second});
  b.output("y", b(Add{}, {first, back}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  verify(program);
  EXPECT_EQ(test::operators(program), "exp reshape fused reshape add");
}

TEST(Fuse, AContractionUsedTwiceKeepsItsResult) {
  Builder b("twice");
  const Type square{DType::f32, {4, 4}};
  const Value y = b(MatMul{}, {b.input("x", square), b.input("w", square)});
  b.output("relu", b(Relu{}, {y}));
  b.output("y", y);
  EXPECT_EQ(test::operators(fuse(b.finish(), test::FakeTarget())), "matmul relu");
}

TEST(Fuse, RegionsHaveALargestSize) {
  Builder b("chain");
  Value x = b.input("x", row);
  for (int i = 0; i < 200; ++i) x = b(Exp{}, {x});
  b.output("y", x);
  const auto program = fuse(b.finish(), test::FakeTarget());
  EXPECT_EQ(test::operators(program), "fused fused fused fused");
}

TEST(Fuse, ArgumentsKeepTheirOrder) {
  Builder b("arguments");
  const Value late = b.input("late", row);
  const Value x = b.input("early", row);
  const Value y = b(Exp{}, {b(Negate{}, {x})});
  b.input("unused", row);
  b.output("y", b(Add{}, {y, late}));
  const auto program = fuse(b.finish(), test::FakeTarget());
  std::string names;
  for (const auto i : inputs_of(program))
    names += std::get<Input>(program.nodes[i].op).argument + " ";
  EXPECT_EQ(names, "late early unused ");
}

}  // namespace
}  // namespace gnomon::pass
