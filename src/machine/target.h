#pragma once

// What passes may ask of a device: which operators it would run as one, in which layouts it likes
// its operands, what may share memory, and what a node would cost. Executors implement it; a
// simulator answers from a catalogue. All questions are about static or bounded shapes, are pure
// functions of their arguments, and may be asked from any thread.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "ir/program.h"

namespace gnomon::machine {

// A node's layouts: one per operand and one per result.
struct NodeLayouts {
  std::vector<ir::Layout> operands;
  std::vector<ir::Layout> results;
  bool operator==(const NodeLayouts&) const = default;
};

class Target {
 public:
  virtual ~Target() = default;

  virtual std::string_view name() const = 0;

  // Would the device run this inner Program (the body of a Fused node) as one? Asked while a region
  // grows, so a device that wants convolution + bias + relu must also want convolution + bias.
  virtual bool fuses(const ir::Program& body) const = 0;

  // The layouts in which the device would best run the node, given what its operands are in now.
  // nullopt: it runs only in row-major layout.
  virtual std::optional<NodeLayouts> layouts(const ir::Node& node,
                                             std::span<const ir::Type> operands,
                                             std::span<const ir::Layout> current) const = 0;

  // May result `result` of the node be written over operand `operand` (of the same stored size,
  // dead afterwards)?
  virtual bool in_place(const ir::Node& node, std::size_t operand, std::size_t result) const = 0;

  // Estimated time of one execution, without running it.
  virtual Seconds time(const ir::Node& node, std::span<const ir::Type> operands) const = 0;
};

}  // namespace gnomon::machine
