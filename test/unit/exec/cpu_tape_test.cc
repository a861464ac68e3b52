// Element-wise regions: results over their operands, many at once, and what is not one.

#include "exec/cpu/tape.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "exec/cpu/contraction.h"
#include "exec/cpu/elementwise_region.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/target.h"
#include "ir/builder.h"
#include "ir/regions.h"
#include "ir/text.h"

namespace gnomon::exec::cpu {
namespace {

const ir::Type matrix{DType::f32, {40, 50}};

ir::Program momentum_step() {
  ir::Builder b("momentum_step");
  const auto w = b.input("w", matrix), m = b.input("m", matrix), g = b.input("g", matrix);
  const auto rate = b.input("rate", {DType::f32, {}});
  const auto next = b(ir::Add{}, {b(ir::Multiply{}, {m, b.full_like(m, 0.9)}), g});
  const auto moved = b(ir::Subtract{}, {w, b(ir::Multiply{}, {next, b.broadcast_like(rate, w)})});
  b.output("w", moved);
  b.output("m", next);
  return b.finish();
}

std::vector<std::vector<float>> run(const ir::Program& body, bool in_place) {
  ir::Node node{ir::Fused{ir::Region(body)}, {}, {}, {}, {}};
  Site site{node, {}, {}, 2};
  for (const auto i : ir::inputs_of(body)) site.operands.push_back({body.nodes[i].results[0], {}});
  for (const auto& output : body.outputs) site.results.push_back({body.type(output.value), {}});
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < site.operands.size(); ++i) {
    auto& x =
        values.emplace_back(static_cast<std::size_t>(element_count(site.operands[i].shape())));
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k * (i + 3) % 17) - 5.0f;
  }
  std::vector<std::vector<float>> separate(site.results.size(), std::vector<float>(2000));
  std::vector<std::byte*> operands, results;
  for (auto& x : values) operands.push_back(reinterpret_cast<std::byte*>(x.data()));
  for (std::size_t r = 0; r < site.results.size(); ++r)
    results.push_back(reinterpret_cast<std::byte*>((in_place ? values[r] : separate[r]).data()));
  const auto kernel = make_tape(body, site);
  Buffer scratch(kernel->scratch_bytes());
  kernel->run({operands.data(), results.data(), scratch.data()});
  if (in_place) values.resize(site.results.size());
  return in_place ? values : separate;
}

TEST(CpuTape, ResultsMayLieOverOperands) {
  const auto body = momentum_step();
  ASSERT_TRUE(is_elementwise_region(body));
  EXPECT_EQ(run(body, true), run(body, false));
  EXPECT_FLOAT_EQ(run(body, false)[1][7], 0.9f * (7 * 4 % 17 - 5) + (7 * 5 % 17 - 5));
}

// The second result reads an operand that the first lies over.
TEST(CpuTape, EarlyResultsDoNotDestroyWhatLaterOnesRead) {
  ir::Builder b("swap_of_a_kind");
  const auto x = b.input("x", matrix), y = b.input("y", matrix);
  const auto sum = b(ir::Add{}, {x, y});
  b.output("sum", sum);
  b.output("difference", b(ir::Subtract{}, {x, y}));
  const auto body = b.finish();
  EXPECT_EQ(run(body, true), run(body, false));
}

TEST(CpuTape, AnOperandThatIsAlsoAResultIsNotOverwritten) {
  ir::Builder b("passes_through");
  const auto x = b.input("x", matrix);
  b.output("y", b(ir::Negate{}, {x}));
  b.output("x", x);
  const ir::Node node{ir::Fused{ir::Region(b.finish())}, {}, {matrix, matrix}, {}, {}};
  const Device device;
  EXPECT_FALSE(CpuTarget(device, 1).in_place(node, 0, 0));
}

// A region of random operators, over operands of full size and broadcast ones.
class RandomRegion {
 public:
  explicit RandomRegion(std::uint64_t seed) : random_(seed, "region"), b_("region") {
    do {
      shape_.clear();
      const auto rank = 1 + pick(4);
      for (std::uint64_t d = 0; d < rank; ++d)
        shape_.push_back(one_of<std::int64_t>({1, 2, 3, 5, 16, 20, 33, 64, 96, 384}));
    } while (element_count(shape_) > 40'000);
    const auto dims = ir::Dims(shape_.begin(), shape_.end());
    for (auto inputs = 1 + pick(3); inputs > 0; --inputs) add(b_.input(name(), {dtype(), dims}));
    for (auto inputs = pick(4); inputs > 0; --inputs) add_broadcast(dims);
    add(b_.full_like(values_[0], 0.7));
    for (auto nodes = 3 + pick(12); nodes > 0; --nodes) add_operator();
    for (auto outputs = 1 + pick(3); outputs > 0; --outputs) b_.output(name(), any());
    for (auto sums = pick(3); sums > 0; --sums) add_reduction();
    program_ = b_.finish();
  }

  const ir::Program& program() const { return program_; }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_.bits(next_++) % below; }
  template <typename T>
  T one_of(std::vector<T> from) {
    return from[pick(from.size())];
  }
  std::string name() { return "v" + std::to_string(next_); }
  DType dtype() { return one_of<DType>({DType::f32, DType::bf16}); }
  void add(ir::Value value) { values_.push_back(value); }
  ir::Value any() { return one_of(values_); }

  std::vector<std::int64_t> axes() {
    std::vector<std::int64_t> some;
    for (std::size_t d = 0; d < shape_.size(); ++d)
      if (pick(2) == 0) some.push_back(static_cast<std::int64_t>(d));
    return some;
  }
  void add_broadcast(const ir::Dims& dims) {
    const auto along = axes();
    ir::Type type{dtype(), {}};
    for (const auto axis : along) type.dims.push_back(dims[static_cast<std::size_t>(axis)]);
    if (type.dims == dims) return;
    const auto source = b_.input(name(), type);
    add(b_(ir::Broadcast{along, {type.dtype, dims}}, {source}));
  }
  void add_operator() {
    const auto x = any();
    auto y = any();
    const DType wanted = b_.type(x).dtype;
    if (b_.type(y).dtype != wanted) y = b_(ir::Convert{wanted}, {y});
    switch (pick(12)) {
      case 0:
        return add(b_(ir::Negate{}, {x}));
      case 1:
        return add(b_(ir::Exp{}, {x}));
      case 2:
        return add(b_(ir::SquareRoot{}, {x}));
      case 3:
        return add(b_(ir::Relu{}, {x}));
      case 4:
        return add(b_(ir::Step{}, {x}));
      case 5:
        return add(b_(ir::Tanh{}, {x}));
      case 6:
        return add(b_(ir::Add{}, {x, y}));
      case 7:
        return add(b_(ir::Subtract{}, {x, y}));
      case 8:
        return add(b_(ir::Multiply{}, {x, y}));
      case 9:
        return add(b_(ir::Divide{}, {x, y}));
      case 10:
        return add(b_(ir::Maximum{}, {x, y}));
      default:
        return add(b_(ir::Convert{dtype()}, {x}));
    }
  }
  // Of what is neither large nor cancels, so that the order of a sum matters little.
  void add_reduction() {
    const auto along = axes();
    if (along.empty()) return;
    const auto rank = static_cast<std::int64_t>(shape_.size());
    const auto x = b_(ir::Convert{DType::f32}, {any()});
    const auto small = b_(ir::Tanh{}, {b_(ir::Relu{}, {x})});
    if (pick(2) == 0)
      b_.output(name(), b_(ir::Sum{rank, along}, {small}));
    else
      b_.output(name(), b_(ir::Max{rank, along}, {small}));
  }

  Random random_;
  std::uint64_t next_ = 0;
  ir::Builder b_;
  Shape shape_;
  std::vector<ir::Value> values_;
  ir::Program program_;
};

// Every result of the kernel in f32, for operands that hold what is hard, too.
std::vector<std::vector<float>> run_on_hard_numbers(const ir::Program& body, const Site& site,
                                                    TapeRuns as, std::string& implementation,
                                                    bool in_place = false) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> hard{0.0f,      -0.0f,         1e-40f, -3e-39f, infinity,
                                -infinity, std::nanf(""), 3e38f,  -88.5f,  1.0078125f};
  const auto kernel = make_tape(body, site, as);
  implementation = kernel->implementation();
  std::vector<Tensor> operands, results;
  std::vector<std::byte*> from, to;
  for (const auto& stored : site.operands) {
    Tensor x(DType::f32, stored.shape());
    const Random random(operands.size(), "values");
    std::uint64_t i = 0;
    for (auto& value : x.span<float>()) {
      const auto bits = random.bits(i++);
      value = bits % 97 < hard.size() ? hard[bits % 97] : static_cast<float>(bits % 4001) / 500 - 4;
    }
    operands.push_back(convert(x, stored.type.dtype));
  }
  for (const auto& stored : site.results) results.emplace_back(stored.type.dtype, stored.shape());
  for (auto& x : operands) from.push_back(x.data());
  for (auto& x : results) to.push_back(x.data());
  std::vector<Tensor*> held;
  for (auto& x : results) held.push_back(&x);
  if (in_place) {
    const Device device;
    const CpuTarget target(device, site.pool);
    std::vector<bool> taken(operands.size());
    for (std::size_t r = 0; r < results.size(); ++r)
      for (std::size_t i = 0; i < operands.size() && held[r] == &results[r]; ++i)
        if (!taken[i] && target.in_place(site.node, i, r)) {
          taken[i] = true;
          held[r] = &operands[i];
          to[r] = from[i];
        }
  }
  Buffer scratch(kernel->scratch_bytes());
  const PoolSize pool(site.pool);
  kernel->run({from.data(), to.data(), scratch.data()});
  std::vector<std::vector<float>> values;
  for (const auto* x : held) {
    const Tensor wide = convert(*x, DType::f32);
    values.emplace_back(wide.span<float>().begin(), wide.span<float>().end());
  }
  return values;
}

TEST(CpuTape, CodeGivesTheBitsOfTheLoops) {
  int compiled = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const RandomRegion region(seed);
    const auto& body = region.program();
    if (!is_elementwise_region(body)) continue;
    const ir::Node node{ir::Fused{ir::Region(body)}, {}, {}, {}, {}};
    Site site{node, {}, {}, seed % 2 == 0 ? 1 : 2};
    for (const auto i : ir::inputs_of(body))
      site.operands.push_back({body.nodes[i].results[0], {}});
    for (const auto& output : body.outputs) site.results.push_back({body.type(output.value), {}});
    std::string code, loops;
    const auto got = run_on_hard_numbers(body, site, TapeRuns::as_code, code);
    const auto expected = run_on_hard_numbers(body, site, TapeRuns::as_loops, loops);
    ASSERT_EQ(loops, "tape");
    compiled += code != loops;
    for (std::size_t r = 0; r < got.size(); ++r) {
      const bool reduced = ir::is_reduction(body.nodes[body.outputs[r].value.node].op);
      for (std::size_t i = 0; i < got[r].size(); ++i) {
        const float x = got[r][i], y = expected[r][i];
        if ((std::isnan(x) && std::isnan(y)) || (reduced && x == y)) continue;
        if (reduced)
          ASSERT_NEAR(x, y, 1e-6 * std::abs(y))
              << "seed " << seed << ", result " << r << ", element " << i << "\n"
              << ir::print(body);
        else
          ASSERT_EQ(std::bit_cast<std::uint32_t>(x), std::bit_cast<std::uint32_t>(y))
              << "seed " << seed << ", result " << r << ", element " << i << ": " << x << ", " << y
              << "\n"
              << ir::print(body);
      }
    }
  }
  if (compiled == 0) GTEST_SKIP() << "neither AVX-512 nor AVX2 here: everything ran as loops";
  EXPECT_GT(compiled, 300);
}

// The first result lies over an operand that is then written elsewhere and summed.
TEST(CpuTape, NarrowOperandsAreReadBeforeAResultLiesOverThem) {
  const ir::Type narrow{DType::bf16, {64, 64}};
  ir::Builder b("reads_late");
  const auto x = b.input("x", narrow), y = b.input("y", narrow);
  const auto wide = b(ir::Convert{DType::f32}, {x});
  b.output("z", b(ir::Relu{}, {y}));
  b.output("wide", wide);
  b.output("largest", b(ir::Max{2, {0, 1}}, {wide}));
  const auto body = b.finish();
  ir::Node node{ir::Fused{ir::Region(body)}, {}, {}, {}, {}};
  Site site{node, {{narrow, {}}, {narrow, {}}}, {}, 1};
  for (const auto& output : body.outputs) {
    node.results.push_back(body.type(output.value));
    site.results.push_back({node.results.back(), {}});
  }
  std::string implementation;
  const auto apart = run_on_hard_numbers(body, site, TapeRuns::as_code, implementation);
  const auto over = run_on_hard_numbers(body, site, TapeRuns::as_code, implementation, true);
  for (std::size_t r = 0; r < apart.size(); ++r)
    for (std::size_t i = 0; i < apart[r].size(); ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(over[r][i]), std::bit_cast<std::uint32_t>(apart[r][i]))
          << r << ", " << i;
}

TEST(CpuTarget, FusesWhatOneKernelCanRun) {
  const Device device;
  const CpuTarget target(device, 1);
  EXPECT_TRUE(target.fuses(momentum_step()));

  const ir::Type weights{DType::f32, {50, 8}}, bias{DType::f32, {8}}, column{DType::f32, {40}};
  const auto linear = [&](bool wrong_axis, bool relu_first) {
    ir::Builder b("linear");
    auto y = b(ir::MatMul{}, {b.input("x", matrix), b.input("w", weights)});
    if (relu_first) y = b(ir::Relu{}, {y});
    const auto vector = b.input("b", wrong_axis ? column : bias);
    const std::int64_t axis = wrong_axis ? 0 : 1;
    b.output("y", b(ir::Add{}, {y, b(ir::Broadcast{{axis}, b.type(y)}, {vector})}));
    return b.finish();
  };
  EXPECT_TRUE(target.fuses(linear(false, false)));
  EXPECT_FALSE(target.fuses(linear(true, false)));
  EXPECT_FALSE(target.fuses(linear(false, true)));

  ir::Builder b("double_precision");
  b.output("y", b(ir::Exp{}, {b.input("x", {DType::f64, {4}})}));
  EXPECT_FALSE(target.fuses(b.finish()));
}

TEST(CpuContraction, ReadsItsEpilogue) {
  const ir::Type images{DType::bf16, {2, 3, 8, 8}}, weights{DType::bf16, {4, 3, 3, 3}};
  ir::Builder b("conv");
  const auto bias = b.input("bias", {DType::bf16, {4}});
  const auto w = b.input("w", weights), x = b.input("x", images);
  const auto y = b(ir::Convolution{}, {x, w});
  const auto shifted = b(ir::Add{}, {b(ir::Broadcast{{1}, b.type(y)}, {bias}), y});
  b.output("y", b(ir::Convert{DType::f32}, {b(ir::Relu{}, {shifted})}));
  const auto contraction = as_contraction(b.finish());
  ASSERT_TRUE(contraction);
  EXPECT_EQ(contraction->lhs, 2u);
  EXPECT_EQ(contraction->rhs, 1u);
  EXPECT_EQ(contraction->bias, 0u);
  EXPECT_TRUE(contraction->relu);
  EXPECT_EQ(contraction->result, DType::f32);
}

}  // namespace
}  // namespace gnomon::exec::cpu
