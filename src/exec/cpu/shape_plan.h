#pragma once

// A program compiled for one set of argument shapes and layouts of states.

#include <set>

#include "exec/cpu/prologue.h"
#include "exec/cpu/sequence.h"
#include "exec/states.h"
#include "pass/rematerialise.h"

namespace gnomon::exec::cpu {

class ShapePlan {
 public:
  // `program` with its symbols replaced by `binding`, lowered without the passes named, within the
  // budget if there is one. Where a state is kept in a layout already, that is taken as given.
  ShapePlan(const ir::Program& program, const ir::Binding& binding, States& states,
            std::span<const Tensor* const> inputs, const machine::Target& target,
            const Device& device, int pool, const std::set<std::string>& without,
            const std::optional<pass::MemoryBudget>& memory);

  // Whether it was made for these shapes.
  bool fits(std::span<const Tensor* const> inputs) const;
  // Whether the states are in the layouts it was made for, or can still be brought there.
  bool accepts(States& states) const;

  // Prepares a run: brings states that nobody has laid out yet into their layouts, sizes the
  // outputs, puts addresses in place and brings what the prologue computes up to date.
  void bind(std::span<const Tensor* const> inputs, States& states, std::vector<Tensor>& outputs,
            Buffer& arena);
  void run() { body_.run(); }

  const ir::Program& lowered() const { return lowered_; }
  const std::optional<pass::Recomputation>& recomputation() const { return recomputation_; }
  const Sequence& prologue() const { return prologue_; }
  Sequence& body() { return body_; }
  const Sequence& body() const { return body_; }
  std::size_t arena_bytes() const { return std::max(prologue_.arena_bytes(), body_.arena_bytes()); }
  const std::vector<std::string>& written() const { return use_.written; }

 private:
  void size_outputs(std::vector<Tensor>& outputs) const;
  bool is_stale(States& states) const;
  void run_prologue(States& states);

  bool lays_out_;
  std::vector<Shape> shapes_;  // of the arguments
  ir::Program lowered_;
  StateUse use_;
  Split split_;
  std::optional<pass::Recomputation> recomputation_;
  std::vector<std::pair<DType, Shape>> outputs_;
  Sequence prologue_, body_;
  Sequence::Bindings bindings_;
  std::vector<Buffer> kept_;  // what the prologue computed
  // Of the states that the prologue and constant operands were made from.
  std::shared_ptr<const void> made_from_;
  std::vector<std::uint64_t> versions_;
};

}  // namespace gnomon::exec::cpu
