#include "exec/cpu/gemm.h"

#include <algorithm>

#include "exec/cpu/arranged.h"
#include "exec/cpu/gemm_loops.h"
#include "exec/cpu/layouts.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"

namespace gnomon::exec::cpu {
namespace {

// Where one product of several begins in each of its matrices, in floats.
struct Begin {
  std::int64_t lhs = 0, rhs = 0, result = 0;
};

// Products of one shape.
struct Problem {
  std::vector<Begin> products;
  GemmShape shape;
  bool is_batch;
  bool is_weight_gradient;  // the left one transposed, the right one not
};

// A matrix, or several behind the leading dimensions.
struct Matrices {
  Shape shape;
  std::vector<std::int64_t> steps;
  std::size_t row, column;  // dimensions
};

std::optional<Matrices> matrices_of(const Stored& stored, bool transposed) {
  auto steps = strides(stored.shape(), stored.layout);
  if (stored.type.dtype != DType::f32 || !steps) return std::nullopt;
  const std::size_t last = stored.type.rank() - 1;
  return Matrices{stored.shape(), std::move(*steps), transposed ? last : last - 1,
                  transposed ? last - 1 : last};
}

std::vector<Begin> products_of(const Matrices& lhs, const Matrices& rhs, const Matrices& result) {
  std::vector<Begin> begins{{}};
  for (std::size_t d = 0; d + 2 < result.shape.size(); ++d) {
    const auto outer = std::move(begins);
    begins.clear();
    for (const auto& begin : outer)
      for (std::int64_t i = 0; i < result.shape[d]; ++i)
        begins.push_back({begin.lhs + i * lhs.steps[d], begin.rhs + i * rhs.steps[d],
                          begin.result + i * result.steps[d]});
  }
  return begins;
}

std::optional<Problem> problem_of(const Contraction& contraction, const Site& site) {
  const auto* op = std::get_if<ir::MatMul>(&contraction.node.op);
  if (op == nullptr || contraction.bias || contraction.relu) return std::nullopt;
  const auto lhs = matrices_of(site.operands[contraction.lhs], op->transpose_lhs);
  const auto rhs = matrices_of(site.operands[contraction.rhs], op->transpose_rhs);
  const auto result = matrices_of(site.results[0], false);
  if (!lhs || !rhs || !result || element_count(result->shape) == 0) return std::nullopt;
  const GemmShape shape{.rows = result->shape[result->row],
                        .depth = lhs->shape[lhs->column],
                        .columns = result->shape[result->column],
                        .lhs_row = lhs->steps[lhs->row],
                        .lhs_depth = lhs->steps[lhs->column],
                        .rhs_depth = rhs->steps[rhs->row],
                        .rhs_column = rhs->steps[rhs->column],
                        .result_row = result->steps[result->row]};
  if (shape.depth == 0 || (shape.rhs_depth != 1 && shape.rhs_column != 1) ||
      result->steps[result->column] != 1)
    return std::nullopt;
  return Problem{products_of(*lhs, *rhs, *result), shape, result->shape.size() > 2,
                 shape.lhs_row == 1 && shape.lhs_depth != 1 && shape.rhs_column == 1};
}

// Over fewer rows, copying the right matrix does not pay for itself.
constexpr std::int64_t least_rows = 16;

// Where it was as fast as oneDNN's or faster, in turn with them on a Zen 3 (bench/products.cc).
bool pays(const Problem& p) {
  constexpr std::int64_t most_weights = 128 << 10, most_depth = 128, most_columns = 256;
  const GemmShape& s = p.shape;
  if (s.rows < least_rows || 2 * s.columns < gemm_avx2.width) return false;
  if (p.is_batch) return s.depth <= most_depth && s.columns <= most_columns;
  return p.is_weight_gradient && s.rows * s.columns <= most_weights;
}

// What is to be computed in the loops above; nullopt if another kernel is to do it.
std::optional<Problem> problem_for_gemm(const Contraction& contraction, const Site& site) {
  if (vector_lanes() != 8) return std::nullopt;
  auto problem = problem_of(contraction, site);
  if (problem && !pays(*problem)) return std::nullopt;
  return problem;
}

class GemmKernel final : public Kernel {
 public:
  GemmKernel(const Problem& problem, const Contraction& contraction, int pool)
      : products_(problem.products),
        shape_(problem.shape),
        lhs_(contraction.lhs),
        rhs_(contraction.rhs),
        pool_(pool) {}

  std::string implementation() const override { return "gemm avx2"; }
  std::size_t scratch_bytes() const override { return bytes_of_floats(pool_ * workspace_floats); }

  // Threads share the products of a batch; if these are fewer, the panels of each; if these are few,
  // its rows.
  void run(const Memory& memory) override {
    auto* const workspace = reinterpret_cast<float*>(memory.scratch);
    const auto operands = [&](const Begin& begin) {
      return Operands{memory.operand<float>(lhs_) + begin.lhs,
                      memory.operand<float>(rhs_) + begin.rhs,
                      memory.result<float>(0) + begin.result};
    };
    const auto count = static_cast<std::int64_t>(products_.size());
    if (count < pool_) {
      for (const auto& begin : products_) run_one(operands(begin), workspace);
      return;
    }
    for_parts(count, 1, count * cost(), [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t i = begin; i < end; ++i)
        multiply(shape_, operands(products_[static_cast<std::size_t>(i)]), workspace, thread);
    });
  }

 private:
  static constexpr std::int64_t workspace_floats = gemm_depth * gemm_columns;

  struct Operands {
    const float *lhs, *rhs;
    float* result;
  };

  std::int64_t cost() const {
    return shape_.rows * shape_.depth * shape_.columns / products_a_byte;
  }

  void multiply(const GemmShape& shape, const Operands& o, float* workspace, int thread) const {
    loops_.multiply(shape, o.lhs, o.rhs, o.result, workspace + thread * workspace_floats);
  }

  void run_one(const Operands& o, float* workspace) const {
    if (shape_.columns >= 2 * pool_ * loops_.width)
      for_parts(shape_.columns, loops_.width, cost(),
                [&](std::int64_t begin, std::int64_t end, int thread) {
                  GemmShape part = shape_;
                  part.columns = end - begin;
                  multiply(part, {o.lhs, o.rhs + begin * shape_.rhs_column, o.result + begin},
                           workspace, thread);
                });
    else
      for_parts(
          shape_.rows, least_rows, cost(), [&](std::int64_t begin, std::int64_t end, int thread) {
            GemmShape part = shape_;
            part.rows = end - begin;
            multiply(part,
                     {o.lhs + begin * shape_.lhs_row, o.rhs, o.result + begin * shape_.result_row},
                     workspace, thread);
          });
  }

  const GemmLoops& loops_ = gemm_avx2;
  std::vector<Begin> products_;
  GemmShape shape_;
  std::size_t lhs_, rhs_;
  int pool_;
};

}  // namespace

std::optional<machine::NodeLayouts> gemm_layouts(const Contraction& contraction, const Site& site) {
  Site best = site;
  auto& lhs = best.operands[contraction.lhs].layout;
  auto& rhs = best.operands[contraction.rhs].layout;
  best.results[0].layout = lhs.is_row_major() ? rhs : rhs.is_row_major() ? lhs : ir::Layout{};
  // Rather in other layouts than not at all.
  for (auto* layout : {&best.results[0].layout, &rhs, &lhs}) {
    if (problem_for_gemm(contraction, best)) break;
    *layout = {};
  }
  if (!problem_for_gemm(contraction, best)) return std::nullopt;
  machine::NodeLayouts layouts{{}, {best.results[0].layout}};
  for (const auto& operand : best.operands) layouts.operands.push_back(operand.layout);
  return layouts;
}

std::unique_ptr<Kernel> make_gemm(const Contraction& contraction, const Site& site) {
  const auto problem = problem_for_gemm(contraction, site);
  if (!problem) return nullptr;
  return std::make_unique<GemmKernel>(*problem, contraction, site.pool);
}

}  // namespace gnomon::exec::cpu
