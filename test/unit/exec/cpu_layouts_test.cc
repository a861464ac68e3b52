// Kernels on values that are not in row-major order, and the translation of layouts from and to
// oneDNN.

#include "exec/cpu/layouts.h"

#include <gtest/gtest.h>

#include "cpu_lenet.h"
#include "cpu_values.h"
#include "exec/cpu/cpu.h"
#include "exec/cpu/kernels.h"
#include "exec/cpu/tape_code.h"
#include "exec/layout_conversion.h"
#include "exec/reference/evaluate.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"
#include "ir/op_info.h"
#include "ir/verify.h"
#include "pass/layout.h"

namespace gnomon::exec::cpu {
namespace {

struct Result {
  std::vector<Tensor> got, expected;
  std::string implementation;
};

// Runs the kernel for one node, operands and results stored as told, and the reference.
Result run_node(const ir::Op& op, const std::vector<ir::Type>& types,
                const std::vector<std::string>& operand_tags,
                const std::vector<std::string>& result_tags, int pool = 1) {
  ir::Node node{op, std::vector<ir::Value>(types.size()), ir::infer(op, types), {}, {}};
  Site site{node, {}, {}, pool};
  std::vector<Tensor> values;
  std::vector<Buffer> memory;
  for (std::size_t i = 0; i < types.size(); ++i) {
    site.operands.push_back({types[i], {operand_tags[i]}});
    values.push_back(random_tensor(types[i], i));
    memory.push_back(from_row_major(values[i], {operand_tags[i]}));
  }
  for (std::size_t i = 0; i < node.results.size(); ++i) {
    site.results.push_back({node.results[i], {result_tags[i]}});
    memory.emplace_back(
        static_cast<std::size_t>(ir::stored_bytes(node.results[i], {result_tags[i]}).value));
    std::fill_n(memory.back().data(), memory.back().size(), std::byte{0x7f});
  }
  std::vector<std::byte*> addresses;
  for (auto& buffer : memory) addresses.push_back(buffer.data());
  const auto kernel = make_kernel(site, device());
  Buffer scratch(kernel->scratch_bytes());
  kernel->run({addresses.data(), addresses.data() + types.size(), scratch.data()});

  Result result{{}, {}, kernel->implementation()};
  std::vector<const Tensor*> pointers;
  for (const auto& value : values) pointers.push_back(&value);
  result.expected = evaluate_node(node, pointers);
  for (std::size_t i = 0; i < node.results.size(); ++i) {
    const auto& buffer = memory[types.size() + i];
    const Shape shape = ir::bound_shape(node.results[i].dims);
    result.got.push_back(to_row_major({buffer.data(), buffer.size()}, node.results[i].dtype, shape,
                                      {result_tags[i]}));
    // Padding must be zero: oneDNN computes with it.
    const Buffer clean = from_row_major(result.got.back(), {result_tags[i]});
    EXPECT_TRUE(std::equal(clean.data(), clean.data() + clean.size(), buffer.data()))
        << "padding of result " << i;
  }
  return result;
}

void expect_same(const Result& result) { EXPECT_EQ(result.got, result.expected); }

void expect_near(const Result& result, double tolerance) {
  for (std::size_t o = 0; o < result.got.size(); ++o) {
    const Tensor x = convert(result.got[o], DType::f64),
                 y = convert(result.expected[o], DType::f64);
    for (std::size_t i = 0; i < static_cast<std::size_t>(x.count()); ++i)
      ASSERT_NEAR(x.span<double>()[i], y.span<double>()[i], tolerance) << i;
  }
}

constexpr const char* image_layouts[] = {"", "acdb", "aBcd16b", "aBcd8b"};

const ir::Type images{DType::f32, {2, 6, 5, 4}};
const ir::Type many{DType::f32, {3, 35, 8, 6}};

TEST(CpuLayouts, SurviveTheWayThroughOneDnn) {
  for (const std::string tag : {"", "acdb", "aBcd16b", "aBcd8b", "bacd", "ABcd16b16a",
                                "ABcd8b32a2b", "Acdb16a", "AcdB16a2b"}) {
    const ir::Layout layout{tag};
    const auto desc = describe(images, layout);
    EXPECT_EQ(layout_from(desc), layout) << tag;
    EXPECT_EQ(desc.get_size(), static_cast<std::size_t>(ir::stored_bytes(images, layout).value));
  }
  using Format = dnnl::memory::format_tag;
  const auto made_by_onednn = [](const ir::Type& type, Format format) {
    return layout_from({ir::bound_shape(type.dims), dnnl::memory::data_type::f32, format})
        .value()
        .tag;
  };
  EXPECT_EQ(made_by_onednn(images, Format::nhwc), "acdb");
  EXPECT_EQ(made_by_onednn(images, Format::nChw16c), "aBcd16b");
  EXPECT_EQ(made_by_onednn(images, Format::OIhw16i16o), "ABcd16b16a");
  // One channel: channels last is row-major order.
  EXPECT_EQ(made_by_onednn({DType::f32, {2, 1, 5, 4}}, Format::nhwc), "");
}

TEST(CpuLayouts, ThatNoTagCanSayAreRefused) {
  const dnnl::memory::desc gaps({4, 4}, dnnl::memory::data_type::f32, dnnl::memory::dims{8, 1});
  EXPECT_EQ(layout_from(gaps), std::nullopt);
}

TEST(CpuLayouts, ReorderBetweenAny) {
  for (const auto dtype : {DType::f32, DType::bf16, DType::i64, DType::u8})
    for (const auto* from : image_layouts)
      for (const auto* to : image_layouts) {
        SCOPED_TRACE(fmt::format("{} {} -> {}", name(dtype), from, to));
        expect_same(run_node(ir::Reorder{}, {{dtype, images.dims}}, {from}, {to}));
      }
}

TEST(CpuLayouts, TransposeAndBroadcastIntoAny) {
  const ir::Type vector{DType::f32, {6}}, matrix{DType::bf16, {6, 4}};
  for (const auto* tag : image_layouts) {
    SCOPED_TRACE(tag);
    expect_same(run_node(ir::Transpose{{0, 3, 1, 2}}, {images}, {tag}, {""}));
    expect_same(run_node(ir::Broadcast{{1}, images}, {vector}, {""}, {tag}));
    expect_same(run_node(ir::Broadcast{{}, images}, {{DType::f32, {}}}, {""}, {tag}));
    expect_same(run_node(ir::Broadcast{{1, 3}, {DType::bf16, images.dims}}, {matrix}, {""}, {tag}));
  }
}

TEST(CpuLayouts, PoolsFollowTheirImages) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* tag : image_layouts)
      for (const auto& pool : {ir::MaxPool{}, ir::MaxPool{{3, 3}, {2, 2}, {1, 1}},
                               ir::MaxPool{{3, 2}, {1, 1}, {0, 0}}}) {
        SCOPED_TRACE(fmt::format("{} {} {}", name(dtype), tag, pool.kernel[0]));
        const ir::Type in{dtype, many.dims};
        const auto forward = run_node(pool, {in}, {tag}, {tag}, 2);
        expect_same(forward);
        EXPECT_EQ(forward.implementation, "max_pool");
        const ir::Type out = ir::infer(pool, std::vector{in})[0];
        const auto backward = run_node(ir::MaxPoolGradient{pool.kernel, pool.stride, pool.padding},
                                       {in, out}, {tag, tag}, {tag}, 2);
        expect_near(backward, dtype == DType::f32 ? 1e-6 : 0x1p-7);
        EXPECT_EQ(backward.implementation, "max_pool_gradient");
      }
}

TEST(CpuLayouts, ReductionsReadAny) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* tag : image_layouts)
      for (const std::vector<std::int64_t>& axes :
           {std::vector<std::int64_t>{0, 2, 3}, {1}, {3}, {0, 1, 2, 3}, {}, {2}}) {
        SCOPED_TRACE(fmt::format("{} {} [{}]", name(dtype), tag, fmt::join(axes, ",")));
        const ir::Type in{dtype, many.dims};
        expect_near(run_node(ir::Sum{4, axes}, {in}, {tag}, {""}, 2),
                    dtype == DType::f32 ? 2e-4 : 0.25);
        expect_same(run_node(ir::Max{4, axes}, {in}, {tag}, {""}, 2));
      }
}

TEST(CpuLayouts, TheBiasGradientHasAKernelInEveryLayoutOfImages) {
  for (const auto* tag : image_layouts)
    EXPECT_EQ(run_node(ir::Sum{4, {0, 2, 3}}, {images}, {tag}, {""}).implementation.substr(0, 4),
              "tape")
        << tag;
}

ir::Region region(ir::Builder& b, const std::vector<ir::Value>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) b.output(fmt::format("y{}", i), outputs[i]);
  return ir::Region(b.finish());
}

// y = x + 1 maps zeros to ones: the tape must not leave them in the padding.
TEST(CpuLayouts, ElementWiseRegionsKeepPaddingZero) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* tag : image_layouts) {
      SCOPED_TRACE(tag);
      const ir::Type type{dtype, images.dims};
      ir::Builder b("x_plus_one");
      const auto x = b.input("x", type);
      const auto y = b(ir::Add{}, {x, b.full_like(x, 1)});
      const auto result =
          run_node(ir::Fused{region(b, {y, b(ir::Subtract{}, {b.full_like(x, 2), x})})}, {type},
                   {tag}, {tag, tag});
      expect_same(result);
      EXPECT_EQ(result.implementation.substr(0, 4), "tape");
    }
}

TEST(CpuLayouts, ElementWiseRegionsBroadcastPerChannel) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* tag : image_layouts)
      for (const auto& dims : {images.dims, many.dims}) {
        SCOPED_TRACE(fmt::format("{} {}", tag, ir::to_string(dims)));
        const ir::Type type{dtype, dims}, bias{dtype, {dims[1]}}, scalar{dtype, {}};
        ir::Builder b("scale_and_shift");
        const auto x = b.input("x", type), shift = b.input("b", bias), s = b.input("s", scalar);
        const auto spread = b(ir::Broadcast{{1}, type}, {shift});
        const auto scaled = b(ir::Multiply{}, {x, b.broadcast_like(s, x)});
        const auto y = b(ir::Relu{}, {b(ir::Add{}, {scaled, spread})});
        const auto result = run_node(ir::Fused{region(b, {y, scaled})}, {type, bias, scalar},
                                     {tag, "", ""}, {tag, tag}, 2);
        EXPECT_EQ(result.implementation.substr(0, 4), "tape");
        expect_same(result);
      }
}

// The gradients of a normalisation: what is summed is not all written. Every layout of images, and
// rows of odd lengths, of which the parts of two threads begin at any.
TEST(CpuLayouts, RegionsReduceWhatTheyCompute) {
  const ir::Dims rows{513, 37};
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* tag : {"", "acdb", "aBcd16b", "aBcd8b", "rows"}) {
      const bool of_rows = std::string_view(tag) == "rows";
      SCOPED_TRACE(fmt::format("{} {}", name(dtype), tag));
      const ir::Type type{dtype, of_rows ? rows : many.dims};
      const ir::Type mean{dtype, {type.dims[1]}};
      const auto rank = static_cast<std::int64_t>(type.rank());
      const std::vector<std::int64_t> axes =
          of_rows ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, 2, 3};
      ir::Builder b("centred");
      const auto x = b.input("x", type), y = b.input("y", type), m = b.input("m", mean);
      const auto centred = b(ir::Subtract{}, {x, b(ir::Broadcast{{1}, type}, {m})});
      const auto product = b(ir::Multiply{}, {centred, y});
      const std::string full = of_rows ? "" : tag;
      // The last one sums over padding, too, which holds zeros.
      const auto body =
          region(b, {b(ir::Sum{rank, axes}, {product}), product, b(ir::Max{rank, axes}, {y}),
                     b(ir::Sum{rank, {1}}, {b(ir::Multiply{}, {x, x})})});
      const auto result =
          run_node(ir::Fused{body}, {type, type, mean}, {full, full, ""}, {"", full, "", ""}, 2);
      EXPECT_EQ(result.implementation.substr(0, 4), "tape");
      expect_near(result, dtype == DType::f32 ? 2e-3 : 1);
    }
}

// x + 1 is 1 in the padding of x.
TEST(CpuLayouts, PaddingThatIsNotZeroIsNotSummed) {
  ir::Builder b("shifted");
  const auto x = b.input("x", many);
  const auto sum = region(b, {b(ir::Sum{4, {1}}, {b(ir::Add{}, {x, b.full_like(x, 1)})})});
  for (const auto* tag : {"aBcd16b", "aBcd8b"}) {
    const auto result = run_node(ir::Fused{sum}, {many}, {tag}, {""});
    EXPECT_EQ(result.implementation, "reference") << tag;
    expect_near(result, 1e-3);
  }
}

TEST(CpuLayouts, RegionsReduceNothingToTheStart) {
  const ir::Type none{DType::f32, {0, 4}};
  ir::Builder b("empty");
  const auto x = b.input("x", none);
  const auto doubled = b(ir::Add{}, {x, x});
  const auto sums = region(b, {b(ir::Sum{2, {0}}, {doubled}), b(ir::Max{2, {0}}, {doubled})});
  expect_same(run_node(ir::Fused{sums}, {none}, {""}, {"", ""}));
}

TEST(CpuLayouts, ConvolutionsRunInOneDnnsOwn) {
  const ir::Type weights{DType::f32, {16, 6, 3, 3}};
  for (const auto& tags : std::vector<std::vector<std::string>>{
           {"", "", ""}, {"acdb", "", "acdb"}, {"", "Acdb16a", "aBcd16b"}}) {
    SCOPED_TRACE(tags[2]);
    expect_near(
        run_node(ir::Convolution{{1, 1}, {1, 1}}, {images, weights}, {tags[0], tags[1]}, {tags[2]}),
        1e-5);
  }
}

TEST(CpuLayouts, MatrixProductsReadWhereTheyLie) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto* result : {"", "acbd"}) {
      SCOPED_TRACE(fmt::format("{} {}", name(dtype), result));
      const ir::Type lhs{dtype, {2, 3, 8, 200}}, rhs{dtype, {2, 3, 200, 10}};
      const auto product = run_node(ir::MatMul{}, {lhs, rhs}, {"acbd", "abdc"}, {result});
      expect_near(product, dtype == DType::f32 ? 1e-4 : 0.3);
      EXPECT_NE(product.implementation, "reference");
    }
}

TEST(CpuLayouts, StepsOfLenetMoveNoWeights) {
  if (vector_lanes() != 8) GTEST_SKIP() << "of other processors nothing is claimed";
  for (const auto precision : {DType::f32, DType::bf16}) {
    pass::PipelineOptions options;
    options.precision = precision;
    options.training = pass::Training{"loss", {pass::Sgd{0.9, 1e-4}}};
    const auto program =
        pass::lower(lenet::forward({"b", 64}), CpuExecutor().target(), options).program;
    const auto moves_weights = [&](const ir::Node& node) {
      return std::holds_alternative<ir::Reorder>(node.op) && node.results[0].dims.size() == 4 &&
             !node.results[0].dims[0].is_symbol();
    };
    EXPECT_TRUE(std::any_of(program.nodes.begin(), program.nodes.end(), [](const ir::Node& node) {
      return std::holds_alternative<ir::ConvolutionInputGradient>(node.op);
    }));
    EXPECT_TRUE(std::none_of(program.nodes.begin(), program.nodes.end(), moves_weights))
        << name(precision);
  }
}

// What lies as its operand does needs no kernel, whoever reads it.
TEST(CpuLayouts, TranspositionsMoveNothingUntilTheyMust) {
  ir::Builder b("views");
  const ir::Type type{DType::f32, {2, 20, 3, 32}};
  const auto x = b.input("x", type), y = b.input("y", type);
  const auto heads = [&](ir::Value value) { return b(ir::Transpose{{0, 2, 1, 3}}, {value}); };
  const auto queries = heads(x);
  const auto scores = b(ir::MatMul{false, true}, {queries, b(ir::Exp{}, {heads(y)})});
  const auto mixed = b(ir::MatMul{}, {scores, heads(y)});
  b.output("beside", b(ir::Reshape{{DType::f32, {2, 20, 96}}}, {heads(mixed)}));
  b.output("apart", queries);
  const auto program = pass::layout(b.finish(), CpuExecutor().target());
  ir::verify(program);
  std::size_t transpositions = 0, reorders = 0;
  for (const auto& node : program.nodes) {
    if (std::holds_alternative<ir::Reorder>(node.op)) ++reorders;
    if (!std::holds_alternative<ir::Transpose>(node.op)) continue;
    ++transpositions;
    EXPECT_TRUE(ir::is_view(program, node));
  }
  EXPECT_EQ(transpositions, 4u);
  EXPECT_EQ(reorders, vector_lanes() == 8 ? 1u : 4u) << "for outputs, and for oneDNN's products";
  const Tensor values[] = {random_tensor(type, 1), random_tensor(type, 2)};
  const std::vector<const Tensor*> arguments{&values[0], &values[1]};
  std::vector<Tensor> got, right;
  States none(program, 0);
  CpuExecutor().compile(program)->run(arguments, none, got);
  ReferenceExecutor().compile(program)->run(arguments, none, right);
  EXPECT_EQ(got[1], right[1]);
  for (std::size_t i = 0; i < got[0].span<float>().size(); ++i)
    ASSERT_NEAR(got[0].span<float>()[i], right[0].span<float>()[i], 1e-4) << i;
}

}  // namespace
}  // namespace gnomon::exec::cpu
