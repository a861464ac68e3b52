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
                  .result_row = columns}};
}

// Where it was as fast as oneDNN's or faster, in turn with them in steps of transformers on AVX2.
// Copying the right matrix pays for itself over enough rows.
bool pays(const Problem& p) {
  constexpr std::int64_t least_rows = 16, most_products = 64 << 20;
  const GemmShape& s = p.shape;
  if (s.rows < least_rows || 2 * s.columns < gemm_avx2.width) return false;
  if (p.count > 1) return s.depth <= gemm_depth && s.columns <= gemm_columns;
  return s.lhs_row == 1 && s.rhs_column == 1 && s.rows * s.depth * s.columns <= most_products;
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

  // Threads share the products of a batch, or the panels of one product; if these are few, its rows.
  void run(const Memory& memory) override {
    const auto* const lhs = memory.operand<float>(lhs_);
    const auto* const rhs = memory.operand<float>(rhs_);
    auto* const result = memory.result<float>(0);
    const auto workspace = [&](int thread) {
      return reinterpret_cast<float*>(memory.scratch) + thread * workspace_floats;
    };
    const std::int64_t products = shape_.rows * shape_.depth * shape_.columns;
    const std::int64_t cost = count_ * products / products_a_byte;
    const std::int64_t width = loops_.width, panels = (shape_.columns + width - 1) / width;
    if (count_ > 1) {
      for_parts(count_, 1, cost, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t i = begin; i < end; ++i)
          loops_.multiply(shape_, lhs + i * shape_.rows * shape_.depth,
                          rhs + i * shape_.depth * shape_.columns,
                          result + i * shape_.rows * shape_.columns, workspace(thread));
      });
    } else if (panels >= 2 * pool_) {
      for_parts(shape_.columns, width, cost, [&](std::int64_t begin, std::int64_t end, int thread) {
        GemmShape part = shape_;
        part.columns = end - begin;
        loops_.multiply(part, lhs, rhs + begin * shape_.rhs_column, result + begin,
                        workspace(thread));
      });
    } else {
      for_parts(shape_.rows, 1, cost, [&](std::int64_t begin, std::int64_t end, int thread) {
        GemmShape part = shape_;
        part.rows = end - begin;
        loops_.multiply(part, lhs + begin * shape_.lhs_row, rhs, result + begin * shape_.result_row,
                        workspace(thread));
      });
    }
  }

 private:
  static constexpr std::int64_t workspace_floats = gemm_depth * gemm_columns;

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
