#pragma once

// What passes may ask of the CPU executor (machine/target.h).

#include "exec/cpu/primitive.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

class CpuTarget final : public machine::Target {
 public:
  // `device` must outlive it. oneDNN may be asked from one thread at a time.
  CpuTarget(const Device& device, int threads) : device_(device), threads_(threads) {}

  std::string_view name() const override { return "cpu"; }

  // Element-wise regions and contractions with their epilogue.
  bool fuses(const ir::Program& body) const override;

  // Convolutions as their kernels like best; element-wise regions, pools and reductions follow
  // their operands; all else is row-major. Types are taken at their bound.
  std::optional<machine::NodeLayouts> layouts(const ir::Node& node,
                                              std::span<const ir::Type> operands,
                                              std::span<const ir::Layout> current) const override;

  bool in_place(const ir::Node& node, std::size_t operand, std::size_t result) const override;

  // The larger of computing and moving at rates typical of a current server core, and the cost of a
  // call: right within a factor of a few, for ranking.
  Seconds time(const ir::Node& node, std::span<const ir::Type> operands) const override;

 private:
  const Device& device_;
  int threads_;
};

}  // namespace gnomon::exec::cpu
