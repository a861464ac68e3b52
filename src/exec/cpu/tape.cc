#include "exec/cpu/tape.h"

#include <algorithm>
#include <map>
#include <optional>

#include "exec/cpu/layouts.h"
#include "exec/cpu/tape_kernel.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::exec::cpu {
namespace {

// What stands in the padding of a value, if it is known when the tape is made.
using Known = std::optional<float>;

class Maker {
 public:
  Maker(const ir::Program& body, const Site& site)
      : body_(body),
        site_(site),
        shape_(ir::bound_shape(ir::iteration_space(body))),
        register_of_(body.nodes.size(), none),
        padding_(body.nodes.size()) {}

  std::optional<TapeProgram> make() {
    if (!one_layout()) return std::nullopt;
    program_.name = body_.name;
    program_.count = stored_count(shape_, layout_);
    find_last_reads();
    std::size_t operand = 0;
    for (std::uint32_t i = 0; i < body_.nodes.size(); ++i) {
      if (std::holds_alternative<ir::Input>(body_.nodes[i].op))
        add_input(i, operand++);
      else
        add_node(i);
    }
    for (std::size_t r = 0; r < body_.outputs.size(); ++r) add_output(r);
    if (spoilt_) return std::nullopt;
    for (const auto* side : {&site_.operands, &site_.results})
      for (const auto& stored : *side)
        if (is_full(stored)) program_.moved += program_.count * bytes_of(stored);
    for (const auto& stored : site_.operands) program_.operand_steps.push_back(step_of(stored));
    for (const auto& stored : site_.results) program_.result_steps.push_back(step_of(stored));
    program_.moved = std::max<std::int64_t>(program_.moved, program_.count * 4);  // or computed
    return std::move(program_);
  }

 private:
  static constexpr std::size_t none = SIZE_MAX;

  bool is_full(const Stored& stored) const { return stored.shape() == shape_; }

  static std::int64_t bytes_of(const Stored& stored) { return bits(stored.type.dtype) / 8; }
  std::int64_t step_of(const Stored& stored) const {
    return is_full(stored) ? bytes_of(stored) : 0;
  }

  // That of the values of full size; small results are in row-major order.
  bool one_layout() {
    for (const auto* side : {&site_.operands, &site_.results})
      for (const auto& stored : *side)
        if (is_full(stored)) layout_ = stored.layout;
    const auto fits = [&](const Stored& stored) {
      return is_full(stored) ? stored.layout == layout_ : stored.layout.is_row_major();
    };
    return std::all_of(site_.results.begin(), site_.results.end(), fits) &&
           std::all_of(site_.operands.begin(), site_.operands.end(),
                       [&](const Stored& stored) { return !is_full(stored) || fits(stored); });
  }

  // The last node that reads memory directly: a result may be written in place of an operand, so
  // results go to memory at once only from there on. What is reduced is so when all else is
  // computed.
  void find_last_reads() {
    const auto end = static_cast<std::uint32_t>(body_.nodes.size());
    last_use_.assign(end, 0);
    for (std::uint32_t i = 0; i < end; ++i) {
      const auto reads = ir::is_reduction(body_.nodes[i].op) ? end : i;
      for (const auto value : body_.nodes[i].inputs) {
        last_use_[value.node] = std::max(last_use_[value.node], reads);
        if (std::holds_alternative<ir::Input>(body_.nodes[value.node].op))
          last_read_ = std::max(last_read_, i);
      }
    }
    for (const auto& output : body_.outputs)
      last_use_[output.value.node] = static_cast<std::uint32_t>(body_.nodes.size());
  }

  std::size_t new_register(Register::Place place, std::size_t index) {
    program_.registers.push_back({place, index});
    GNOMON_CHECK(program_.registers.size() <= most_registers, "region is too large");
    return program_.registers.size() - 1;
  }

  // Block-sized scratch, taken again once no later node reads it.
  std::size_t new_scratch(std::uint32_t user) {
    for (auto& slot : slots_)
      if (slot.free_after <= user) {
        slot.free_after = last_use_[user];
        return slot.name;
      }
    const auto name = fixed_scratch();
    slots_.push_back({name, last_use_[user]});
    return name;
  }
  // Scratch that no other value shares: filled before the first instruction runs.
  std::size_t fixed_scratch() {
    return new_register(Register::Place::scratch,
                        static_cast<std::size_t>(program_.scratch_registers++));
  }

  void add_input(std::uint32_t i, std::size_t operand) {
    operand_of_[i] = operand;
    const Stored& stored = site_.operands[operand];
    if (!is_full(stored)) return;
    padding_[i] = 0.0f;
    if (stored.type.dtype == DType::f32) {
      register_of_[i] = new_register(Register::Place::operand, operand);
    } else {
      register_of_[i] = fixed_scratch();
      program_.widenings.push_back({operand, register_of_[i]});
    }
  }

  void add_node(std::uint32_t i) {
    const auto& node = body_.nodes[i];
    if (const auto* full = std::get_if<ir::Full>(&node.op))
      add_full(i, *full);
    else if (const auto* broadcast = std::get_if<ir::Broadcast>(&node.op))
      add_broadcast(i, *broadcast);
    else if (ir::is_reduction(node.op))
      add_reduction(i);
    else
      add_instruction(i);
  }

  void add_full(std::uint32_t i, const ir::Full& full) {
    auto value = static_cast<float>(full.value);
    if (full.type.dtype == DType::bf16 && result_of(i)) value = static_cast<float>(Bf16(value));
    register_of_[i] = fixed_scratch();
    padding_[i] = value;
    program_.fillings.push_back({value, register_of_[i]});
  }

  void add_broadcast(std::uint32_t i, const ir::Broadcast& broadcast) {
    const auto source = body_.nodes[i].inputs[0].node;
    if (register_of_[source] != none) {  // of a constant, or of a value of these dimensions
      stand_for(source, i);
      if (result_of(i))
        register_of_[i] = copied(register_of_[i], i, broadcast.type.dtype == DType::bf16);
      return;
    }
    const auto operand = operand_of_.at(source);
    Spread spread(site_.operands[operand], broadcast.axes, space());
    register_of_[i] = fixed_scratch();
    program_.spreadings.push_back(
        {std::move(spread), operand, register_of_[i], site_.operands[operand].type.dtype});
  }

  // The register of `source` is that of node i, too.
  void stand_for(std::uint32_t source, std::uint32_t i) {
    register_of_[i] = register_of_[source];
    padding_[i] = padding_[source];
    for (auto& slot : slots_)
      if (slot.name == register_of_[i]) slot.free_after = std::max(slot.free_after, last_use_[i]);
  }

  void add_instruction(std::uint32_t i) {
    const auto& node = body_.nodes[i];
    const auto a = node.inputs[0].node, b = node.inputs.back().node;
    const auto result = result_of(i);
    const bool rounds = node.results[0].dtype == DType::bf16 &&
                        (result || std::holds_alternative<ir::Convert>(node.op));
    const bool kept = program_.registers[register_of_[a]].place == Register::Place::scratch;
    if (std::holds_alternative<ir::Convert>(node.op) && !rounds && kept && !result)
      return stand_for(a, i);
    const Loop loop = loop_of(node.op, rounds);
    const bool direct = result && !rounds && i >= last_read_;
    const std::size_t out =
        direct ? new_register(Register::Place::result, *result) : new_scratch(i);
    if (direct) stored_[*result] = true;
    program_.instructions.push_back(
        {node.op.index(), rounds, loop, register_of_[a], register_of_[b], out});
    register_of_[i] = out;
    if (padding_[a] && padding_[b]) {
      float value = 0;
      loop(&*padding_[a], &*padding_[b], &value, 1);
      padding_[i] = value;
    }
  }

  // What the region iterates over, as if it were stored.
  Stored space() const { return {{DType::f32, ir::iteration_space(body_)}, layout_}; }

  void add_reduction(std::uint32_t i) {
    const auto& node = body_.nodes[i];
    const auto& axes = ir::reduced_axes(node.op);
    std::vector<std::int64_t> kept;
    for (std::int64_t d = 0; d < static_cast<std::int64_t>(shape_.size()); ++d)
      if (std::find(axes.begin(), axes.end(), d) == axes.end()) kept.push_back(d);
    const auto source = node.inputs[0].node;
    const std::size_t from = reduced_register(source, i);
    const bool is_sum = std::holds_alternative<ir::Sum>(node.op);
    spoilt_ = spoilt_ || (reduces_padding(shape_, layout_, axes) &&
                          !(is_sum && padding_[source] == Known(0.0f)));
    for (std::size_t r = 0; r < body_.outputs.size(); ++r) {
      if (body_.outputs[r].value.node != i) continue;
      const Stored& result = site_.results[r];
      const auto kind = is_sum ? ir::Reduction::sum : ir::Reduction::max;
      const std::int64_t count = element_count(result.shape());
      program_.reducings.push_back({kind, Spread(result, kept, space()), from, r, result.type.dtype,
                                    count, program_.totals});
      program_.totals += count;
    }
  }

  // An operand is read again when results are written, which may lie over it: what is reduced is
  // kept in scratch.
  std::size_t reduced_register(std::uint32_t source, std::uint32_t i) {
    const std::size_t from = register_of_[source];
    return is_operand(from) ? copied(from, i, false) : from;
  }

  bool is_operand(std::size_t r) const {
    return program_.registers[r].place == Register::Place::operand ||
           std::any_of(program_.widenings.begin(), program_.widenings.end(),
                       [&](const Widening& w) { return w.out == r; });
  }

  // For the node i, which reads or yields the copy in the end.
  std::size_t copied(std::size_t from, std::uint32_t i, bool rounds) {
    const ir::Op copy = ir::Convert{DType::f32};
    const std::size_t kept = new_scratch(i);
    program_.instructions.push_back(
        {copy.index(), rounds, loop_of(copy, rounds), from, from, kept});
    return kept;
  }

  // The first result that the node's value is.
  std::optional<std::size_t> result_of(std::uint32_t i) const {
    for (std::size_t r = 0; r < body_.outputs.size(); ++r)
      if (body_.outputs[r].value.node == i) return r;
    return std::nullopt;
  }

  void add_output(std::size_t r) {
    const auto node = body_.outputs[r].value.node;
    if (ir::is_reduction(body_.nodes[node].op)) return;
    if (!stored_[r])
      program_.storings.push_back({register_of_[node], r, body_.nodes[node].results[0].dtype});
    const bool padded = is_padded(shape_, layout_);
    if (padded && padding_[node] != Known(0.0f))
      program_.to_zero.emplace_back(r, Padding(site_.results[r]));
  }

  struct Slot {
    std::size_t name;
    std::uint32_t free_after;
  };

  const ir::Program& body_;
  const Site& site_;
  Shape shape_;
  ir::Layout layout_;
  bool spoilt_ = false;  // by padding that a reduction would take for elements
  TapeProgram program_;
  std::vector<std::size_t> register_of_;
  std::vector<Known> padding_;
  std::map<std::uint32_t, std::size_t> operand_of_;
  std::vector<std::uint32_t> last_use_;
  std::uint32_t last_read_ = 0;
  std::vector<Slot> slots_;
  std::map<std::size_t, bool> stored_;
};

}  // namespace

std::unique_ptr<Kernel> make_tape(const ir::Program& body, const Site& site, TapeRuns as) {
  auto program = Maker(body, site).make();
  if (!program) return nullptr;
  if (as == TapeRuns::as_code)
    if (auto tape = make_code_tape(*program, site.pool)) return tape;
  return make_loop_tape(*program, site.pool);
}

bool tape_runs(const ir::Program& body, const Site& site) {
  return Maker(body, site).make().has_value();
}

}  // namespace gnomon::exec::cpu
