#include "exec/cpu/gemm.h"

#include <algorithm>

#include "exec/cpu/arranged.h"
#include "exec/cpu/gemm_loops.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"

namespace gnomon::exec::cpu {
namespace {

// So many products of one shape, one behind the other.
struct Problem {
  std::int64_t count;
  GemmShape shape;
  bool is_batch;
  bool is_weight_gradient;  // the left one transposed, the right one not
};

std::optional<Problem> problem_of(const Contraction& contraction, const Site& site) {
  const auto* op = std::get_if<ir::MatMul>(&contraction.node.op);
  if (op == nullptr || contraction.bias || contraction.relu || !site.is_row_major())
    return std::nullopt;
  const auto is_f32 = [](const Stored& s) { return s.type.dtype == DType::f32; };
  if (!std::all_of(site.operands.begin(), site.operands.end(), is_f32) || !is_f32(site.results[0]))
    return std::nullopt;
  const Shape lhs = site.operands[contraction.lhs].shape(), result = site.results[0].shape();
  const std::size_t row = result.size() - 2, column = result.size() - 1;
  const std::int64_t rows = result[row], columns = result[column];
  const std::int64_t depth = lhs[op->transpose_lhs ? row : column];
  if (rows * columns * depth == 0) return std::nullopt;
  const std::int64_t count = element_count(result) / (rows * columns);
  return Problem{count,
                 {.rows = rows,
                  .depth = depth,
                  .columns = columns,
                  .lhs_row = op->transpose_lhs ? 1 : depth,
                  .lhs_depth = op->transpose_lhs ? rows : 1,
                  .rhs_depth = op->transpose_rhs ? 1 : columns,
                  .rhs_column = op->transpose_rhs ? depth : 1,
                  .result_row = columns},
                 result.size() > 2,
                 op->transpose_lhs && !op->transpose_rhs};
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

class GemmKernel final : public Kernel {
 public:
  GemmKernel(const Problem& problem, const Contraction& contraction, int pool)
      : count_(problem.count),
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
    const auto operands = [&](std::int64_t i) {
      return Operands{memory.operand<float>(lhs_) + i * shape_.rows * shape_.depth,
                      memory.operand<float>(rhs_) + i * shape_.depth * shape_.columns,
                      memory.result<float>(0) + i * shape_.rows * shape_.columns};
    };
    if (count_ >= pool_) {
      for_parts(count_, 1, count_ * cost(), [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t i = begin; i < end; ++i) multiply(shape_, operands(i), workspace, thread);
      });
      return;
    }
    for (std::int64_t i = 0; i < count_; ++i) run_one(operands(i), workspace);
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
  std::int64_t count_;
  GemmShape shape_;
  std::size_t lhs_, rhs_;
  int pool_;
};

}  // namespace

std::unique_ptr<Kernel> make_gemm(const Contraction& contraction, const Site& site) {
  if (vector_lanes() != 8) return nullptr;
  const auto problem = problem_of(contraction, site);
  if (!problem || !pays(*problem)) return nullptr;
  return std::make_unique<GemmKernel>(*problem, contraction, site.pool);
}

}  // namespace gnomon::exec::cpu
