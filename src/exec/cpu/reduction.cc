#include "exec/cpu/reduction.h"

#include <algorithm>
#include <array>
#include <limits>

#include "exec/cpu/layouts.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/reduction_loops.h"
#include "exec/cpu/spread.h"

namespace gnomon::exec::cpu {
namespace {

class Reducing final : public Kernel {
 public:
  Reducing(const Site& site, const std::vector<std::int64_t>& axes, ir::Reduction kind)
      : kind_(kind),
        dtype_(site.operands[0].type.dtype),
        count_(element_count(site.results[0].shape())),
        pool_(site.pool) {
    const Stored& operand = site.operands[0];
    shape_ = operand.shape();
    place_.resize(shape_.size());
    auto along = offsets(site.results[0].shape(), site.results[0].layout);
    for (std::size_t d = 0, kept = 0; d < shape_.size(); ++d)
      if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(d)) == axes.end())
        place_[d] = std::move(along[kept++]);
    reduced_.assign(shape_.size(), false);
    for (const auto axis : axes) reduced_[static_cast<std::size_t>(axis)] = true;
    make_chunk(levels(shape_, operand.layout));
    bytes_ = static_cast<std::int64_t>(ir::stored_bytes(operand.type, operand.layout).value);
  }

  std::string implementation() const override {
    return kind_ == ir::Reduction::sum ? "sum" : "max";
  }
  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(pool_ * count_) * sizeof(double);
  }

  void run(const Memory& memory) override {
    double* const totals = reinterpret_cast<double*>(memory.scratch);
    std::fill_n(totals, parts() * count_, start());
    for_parts(chunks_, 1, bytes_, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (auto chunk = begin; chunk < end; ++chunk)
        add_chunk(memory, chunk, totals + thread * count_);
    });
    for (std::int64_t i = 0; i < count_; ++i) {
      double total = totals[i];
      for (std::int64_t part = 1; part < parts(); ++part)
        total = combined(total, totals[part * count_ + i]);
      if (dtype_ == DType::bf16)
        memory.result<Bf16>(0)[i] = Bf16(static_cast<float>(total));
      else
        memory.result<float>(0)[i] = static_cast<float>(total);
    }
  }

 private:
  // A chunk is the innermost part of memory: rows of lanes, where rows are reduced and the lane, if
  // there is more than one, is a position along the dimension of lane_.
  void make_chunk(std::vector<Level> loops) {
    const auto take_reduced = [&] {
      for (; !loops.empty() && reduced_[loops.back().dimension]; loops.pop_back())
        rows_ *= loops.back().extent;
    };
    take_reduced();
    if (rows_ == 1 && !loops.empty()) {
      lane_ = loops.back();
      loops.pop_back();
      take_reduced();
    }
    for (const auto& level : loops) chunks_ *= level.extent;
    if (rows_ * lane_.extent == 0) chunks_ = 0;
    outer_ = std::move(loops);
  }

  // As many as have threads of their own to fill them.
  std::int64_t parts() const {
    return bytes_ < worth_waking
               ? 1
               : std::min<std::int64_t>(pool_, std::max<std::int64_t>(chunks_, 1));
  }
  double start() const {
    return kind_ == ir::Reduction::sum ? 0 : -std::numeric_limits<double>::infinity();
  }
  double combined(double a, double b) const {
    if (kind_ == ir::Reduction::sum) return a + b;
    return a < b ? b : a;
  }

  void add_chunk(const Memory& memory, std::int64_t chunk, double* totals) const {
    std::array<std::int64_t, most_dimensions> position{};
    std::int64_t rest = chunk;
    for (auto level = outer_.rbegin(); level != outer_.rend(); ++level) {
      position[level->dimension] += rest % level->extent * level->step;
      rest /= level->extent;
    }
    std::int64_t base = 0;
    for (std::size_t d = 0; d < shape_.size(); ++d) {
      if (reduced_[d] || (d == lane_.dimension && lane_.extent > 1)) continue;
      if (position[d] >= shape_[d]) return;  // padding
      base += place_[d][static_cast<std::size_t>(position[d])];
    }
    const std::int64_t at = chunk * rows_ * lane_.extent;
    if (lane_.extent == 1)
      reduce(memory, at, rows_, 1, 1, totals + base);
    else
      add_lanes(memory, at, position[lane_.dimension], totals + base);
  }

  void add_lanes(const Memory& memory, std::int64_t at, std::int64_t first, double* totals) const {
    const auto& place = place_[lane_.dimension];
    const auto valid = std::clamp<std::int64_t>(
        (static_cast<std::int64_t>(place.size()) - first + lane_.step - 1) / lane_.step, 0,
        lane_.extent);
    const auto place_of = [&](std::int64_t lane) {
      return place[static_cast<std::size_t>(first + lane * lane_.step)];
    };
    if (valid == 0) return;
    if (place_of(valid - 1) - place_of(0) == valid - 1) {
      reduce(memory, at, rows_, valid, lane_.extent, totals + place_of(0));
      return;
    }
    for (std::int64_t lane = 0; lane < valid; ++lane)
      reduce(memory, at + lane, rows_, 1, lane_.extent, totals + place_of(lane));
  }

  void reduce(const Memory& memory, std::int64_t at, std::int64_t rows, std::int64_t lanes,
              std::int64_t stride, double* total) const {
    const auto combine = [&](const auto* in) {
      if (kind_ == ir::Reduction::sum)
        sum_rows(in, rows, lanes, stride, total);
      else
        max_rows(in, rows, lanes, stride, total);
    };
    if (dtype_ == DType::bf16)
      combine(memory.operand<Bf16>(0) + at);
    else
      combine(memory.operand<float>(0) + at);
  }

  ir::Reduction kind_;
  DType dtype_;
  std::int64_t count_;
  int pool_;
  Shape shape_;
  std::vector<std::vector<std::int64_t>> place_;  // offsets into the result, by kept dimension
  std::vector<bool> reduced_;
  std::vector<Level> outer_;
  Level lane_{0, 1, 0};
  std::int64_t rows_ = 1, chunks_ = 1, bytes_ = 0;
};

bool reduces_padding(const Stored& operand, const std::vector<std::int64_t>& axes) {
  const auto parts = ir::parts(operand.layout, operand.type.rank());
  return std::any_of(parts.blocks.begin(), parts.blocks.end(), [&](const ir::LayoutBlock& block) {
    return std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(block.dimension)) !=
           axes.end();
  });
}

}  // namespace

std::unique_ptr<Kernel> make_reduction(const Site& site, const std::vector<std::int64_t>& axes,
                                       ir::Reduction kind) {
  const Stored &operand = site.operands[0], &result = site.results[0];
  const DType dtype = operand.type.dtype;
  if ((dtype != DType::f32 && dtype != DType::bf16) || operand.type.rank() > most_dimensions ||
      is_padded(result.shape(), result.layout) ||
      (is_padded(operand.shape(), operand.layout) && reduces_padding(operand, axes)))
    return nullptr;
  return std::make_unique<Reducing>(site, axes, kind);
}

}  // namespace gnomon::exec::cpu
