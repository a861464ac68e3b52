#pragma once

// A kernel is one node of a lowered program made ready to run: shapes, layouts and primitives are
// fixed, only addresses change. Kernels are made once per compiled shape and run many times, from
// one thread at a time; they enter the compute pool themselves.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "ir/program.h"

namespace gnomon::exec::cpu {

// What a kernel is given on every run. Operands and results are in the order of the node's.
struct Memory {
  std::byte* const* operands;
  std::byte* const* results;
  std::byte* scratch;  // of at least scratch_bytes(), aligned to 64 bytes, contents indeterminate

  template <typename T>
  const T* operand(std::size_t i) const {
    return reinterpret_cast<const T*>(operands[i]);
  }
  template <typename T>
  T* result(std::size_t i) const {
    return reinterpret_cast<T*>(results[i]);
  }
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual void run(const Memory& memory) = 0;

  // Constant operands (Stored::constant) have changed: what was made of them is made again.
  virtual void refresh() {}

  // Whose code runs: "onednn jit:avx512_core", "tape", "reference".
  virtual std::string implementation() const = 0;
  // Why nothing faster runs; empty if this is the kernel meant for the node.
  virtual std::string why() const { return {}; }
  virtual std::size_t scratch_bytes() const { return 0; }
  // Arithmetic that it does where the node's definition asks for `defined`.
  virtual Flops flops(Flops defined) const { return defined; }
};

// A value as it is stored: the type is static.
struct Stored {
  ir::Type type;
  ir::Layout layout;
  bool constant = false;  // the same in every run until Kernel::refresh

  Shape shape() const { return ir::bound_shape(type.dims); }
};

// A node with what it reads and writes: all that a kernel is made from. `pool` is the number of
// threads that will run it.
struct Site {
  const ir::Node& node;
  std::vector<Stored> operands;
  std::vector<Stored> results;
  int pool = 1;

  // Whether all that is read and written lies in the order of its indices.
  bool is_row_major() const {
    const auto plain = [](const Stored& stored) { return stored.layout.is_row_major(); };
    return std::all_of(operands.begin(), operands.end(), plain) &&
           std::all_of(results.begin(), results.end(), plain);
  }
};

}  // namespace gnomon::exec::cpu
