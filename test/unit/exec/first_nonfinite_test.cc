#include "exec/first_nonfinite.h"

#include <gtest/gtest.h>

#include <limits>

#include "exec/reference/reference.h"
#include "ir/builder.h"

namespace gnomon::exec {
namespace {

const Tensor huge = Tensor::of<float>({2}, std::vector<float>{1, 1e30f});

// x² + x, whose square overflows.
ir::Program square_and_sum() {
  ir::Builder b("overflow");
  const auto x = b.input("x", {DType::f32, {2}});
  b.output("y", b(ir::Add{}, {b(ir::Multiply{}, {x, x}), x}));
  return b.finish();
}

TEST(FirstNonfinite, AnOperatorMayTakeOneValueTwice) {
  ReferenceExecutor executor;
  const Tensor* arguments[] = {&huge};
  const auto found = first_nonfinite(square_and_sum(), executor, arguments, {}, Bytes(1 << 20));
  ASSERT_TRUE(found.has_value());
  EXPECT_NE(found->what.find("multiply"), std::string::npos) << found->what;
  ASSERT_EQ(found->arguments.size(), 2u);
  EXPECT_EQ(found->arguments[0], huge);
  EXPECT_EQ(found->arguments[1], huge);
}

TEST(FirstNonfinite, AnArgumentCanBeTheSource) {
  ReferenceExecutor executor;
  const Tensor bad =
      Tensor::of<float>({2}, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()});
  const Tensor* arguments[] = {&bad};
  const auto found = first_nonfinite(square_and_sum(), executor, arguments, {}, Bytes(1 << 20));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->what, "argument x");
}

TEST(FirstNonfinite, NothingIsFoundWhereAllIsFinite) {
  ReferenceExecutor executor;
  const Tensor fine = Tensor::of<float>({2}, std::vector<float>{1, 2});
  const Tensor* arguments[] = {&fine};
  EXPECT_FALSE(first_nonfinite(square_and_sum(), executor, arguments, {}, Bytes(1)).has_value());
}

}  // namespace
}  // namespace gnomon::exec
