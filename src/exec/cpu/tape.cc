#include "exec/cpu/tape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "exec/cpu/layouts.h"
#include "exec/cpu/padding.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/reduction_loops.h"
#include "exec/cpu/spread.h"
#include "exec/cpu/tape_code.h"
#include "exec/cpu/tape_program.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t usual_block = 512;  // elements: 2 KiB a register
constexpr std::int64_t largest_block = 1024;
constexpr std::size_t most_registers = 128;

// What stands in the padding of a value, if it is known when the tape is made.
using Known = std::optional<float>;

class Tape final : public Kernel {
 public:
  std::string implementation() const override { return code ? "tape jit:avx512" : "tape"; }
  std::size_t scratch_bytes() const override {
    return block_bytes() + static_cast<std::size_t>(pool * program.totals) * sizeof(double);
  }

  void run(const Memory& memory) override {
    for (const auto& r : program.reducings)
      for (int thread = 0; thread < pool; ++thread)
        std::fill_n(totals_of(memory, thread) + r.first, r.count, start_of(r.kind));
    for_parts(count, program.block, moved, [&](std::int64_t begin, std::int64_t end, int thread) {
      run_part(memory, begin, end, thread);
    });
    for (const auto& r : program.reducings) finish(memory, r);
    for (const auto& [result, padding] : to_zero) padding.zero(memory.results[result]);
  }

  // Filled in by the maker.
  TapeProgram program;
  std::unique_ptr<TapeCode> code;                        // of the program; if absent, its loops run
  std::vector<std::pair<std::size_t, Padding>> to_zero;  // results whose padding may not be zero
  std::vector<std::int64_t> operand_steps, result_steps;  // bytes an element; 0 if not of full size
  std::int64_t count = 0;                                 // stored elements
  std::int64_t moved = 0;                                 // bytes
  int pool = 1;

 private:
  using Blocks = std::array<float*, most_registers>;
  using Held = std::array<Spread::Held, most_registers>;

  std::size_t block_bytes() const {
    return static_cast<std::size_t>(pool * program.scratch_registers * program.register_size()) *
           sizeof(float);
  }
  float* scratch_of(const Memory& memory, int thread) const {
    return reinterpret_cast<float*>(memory.scratch) +
           thread * program.scratch_registers * program.register_size();
  }
  double* totals_of(const Memory& memory, int thread) const {
    return reinterpret_cast<double*>(memory.scratch + block_bytes()) + thread * program.totals;
  }

  void finish(const Memory& memory, const Reducing& r) const {
    for (std::int64_t i = 0; i < r.count; ++i) {
      double total = totals_of(memory, 0)[r.first + i];
      for (int thread = 1; thread < pool; ++thread)
        total = combined(r.kind, total, totals_of(memory, thread)[r.first + i]);
      if (r.dtype == DType::bf16)
        memory.result<Bf16>(r.result)[i] = Bf16(static_cast<float>(total));
      else
        memory.result<float>(r.result)[i] = static_cast<float>(total);
    }
  }

  void run_part(const Memory& memory, std::int64_t begin, std::int64_t end, int thread) const {
    Blocks at;
    Held held;
    float* const scratch = scratch_of(memory, thread);
    for (std::size_t r = 0; r < program.registers.size(); ++r)
      at[r] = program.registers[r].place == Register::Place::scratch
                  ? scratch + static_cast<std::int64_t>(program.registers[r].index) *
                                  program.register_size()
                  : base(memory, program.registers[r]) + begin;
    for (const auto& filling : program.fillings)
      std::fill_n(at[filling.out], program.block, filling.value);
    for (std::int64_t position = begin; position < end; position += program.block) {
      const std::int64_t length = std::min(program.block, end - position);
      for (std::size_t i = 0; i < program.spreadings.size(); ++i)
        refill(memory, program.spreadings[i], position, length, at[program.spreadings[i].out],
               held[i]);
      if (code)
        run_code(memory, scratch, position, length);
      else
        run_loops(memory, at, position, length);
      for (const auto& r : program.reducings)
        r.spread.collect(r.kind, at[r.from], position, length, totals_of(memory, thread) + r.first);
      if (!code) store(memory, at, position, length);
      for (std::size_t r = 0; r < program.registers.size(); ++r)
        if (program.registers[r].place != Register::Place::scratch) at[r] += length;
    }
  }

  void run_code(const Memory& memory, float* scratch, std::int64_t position,
                std::int64_t length) const {
    std::array<std::byte*, 2 * most_registers> addresses;
    auto* next = addresses.data();
    for (std::size_t i = 0; i < operand_steps.size(); ++i)
      *next++ = memory.operands[i] + position * operand_steps[i];
    for (std::size_t i = 0; i < result_steps.size(); ++i)
      *next++ = memory.results[i] + position * result_steps[i];
    *next = reinterpret_cast<std::byte*>(scratch);
    code->run(addresses.data(), length);
  }

  void run_loops(const Memory& memory, const Blocks& at, std::int64_t position,
                 std::int64_t length) const {
    for (const auto& w : program.widenings)
      widen(memory.operand<Bf16>(w.operand) + position, at[w.out], length);
    for (const auto& i : program.instructions) i.loop(at[i.a], at[i.b], at[i.out], length);
  }

  void store(const Memory& memory, const Blocks& at, std::int64_t position,
             std::int64_t length) const {
    for (const auto& s : program.storings) {
      if (s.dtype == DType::bf16)
        narrow(at[s.from], memory.result<Bf16>(s.result) + position, length);
      else
        std::copy_n(at[s.from], length, memory.result<float>(s.result) + position);
    }
  }

  static void refill(const Memory& memory, const Spreading& s, std::int64_t begin,
                     std::int64_t length, float* out, Spread::Held& held) {
    if (s.dtype == DType::bf16)
      s.spread.refill(memory.operand<Bf16>(s.operand), begin, length, out, held);
    else
      s.spread.refill(memory.operand<float>(s.operand), begin, length, out, held);
  }

  static float* base(const Memory& memory, const Register& r) {
    return reinterpret_cast<float*>(r.place == Register::Place::operand ? memory.operands[r.index]
                                                                        : memory.results[r.index]);
  }
};

class Maker {
 public:
  Maker(const ir::Program& body, const Site& site)
      : body_(body),
        site_(site),
        shape_(ir::bound_shape(ir::iteration_space(body))),
        tape_(std::make_unique<Tape>()),
        program_(tape_->program),
        register_of_(body.nodes.size(), none),
        padding_(body.nodes.size()) {}

  std::unique_ptr<Tape> make() {
    if (!one_layout()) return nullptr;
    tape_->pool = site_.pool;
    tape_->count = stored_count(shape_, layout_);
    find_last_reads();
    std::size_t operand = 0;
    for (std::uint32_t i = 0; i < body_.nodes.size(); ++i) {
      if (std::holds_alternative<ir::Input>(body_.nodes[i].op))
        add_input(i, operand++);
      else
        add_node(i);
    }
    for (std::size_t r = 0; r < body_.outputs.size(); ++r) add_output(r);
    if (spoilt_) return nullptr;
    choose_block();
    for (const auto* side : {&site_.operands, &site_.results})
      for (const auto& stored : *side)
        if (is_full(stored)) tape_->moved += tape_->count * bytes_of(stored);
    for (const auto& stored : site_.operands) tape_->operand_steps.push_back(step_of(stored));
    for (const auto& stored : site_.results) tape_->result_steps.push_back(step_of(stored));
    program_.operands = site_.operands.size();
    program_.results = site_.results.size();
    tape_->moved = std::max<std::int64_t>(tape_->moved, tape_->count * 4);  // or computed
    return std::move(tape_);
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

  // Whole cycles of all that is spread and reduced: blocks are then alike, and little is expanded
  // twice.
  void choose_block() {
    std::int64_t cycle = 1;
    const auto take = [&](const Spread& spread) {
      const std::int64_t both = std::lcm(cycle, std::max<std::int64_t>(spread.cycle(), 1));
      if (both <= largest_block) cycle = both;
    };
    for (const auto& s : program_.spreadings) take(s.spread);
    for (const auto& r : program_.reducings) take(r.spread);
    program_.block = std::max<std::int64_t>(usual_block / cycle, 1) * cycle;
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
    if (register_of_[source] != none)  // of a constant, or of a value of these dimensions
      return stand_for(source, i);
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
    if (std::holds_alternative<ir::Convert>(node.op) && !rounds && kept) return stand_for(a, i);
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

  // An operand that a result may lie over is kept for the reduction i.
  std::size_t reduced_register(std::uint32_t source, std::uint32_t i) {
    const std::size_t from = register_of_[source];
    const bool may_be_lost =
        program_.registers[from].place == Register::Place::operand &&
        std::any_of(body_.outputs.begin(), body_.outputs.end(), [&](const ir::Output& output) {
          return !ir::is_reduction(body_.nodes[output.value.node].op);
        });
    if (!may_be_lost) return from;
    const ir::Op copy = ir::Convert{DType::f32};
    const std::size_t kept = new_scratch(i);
    program_.instructions.push_back({copy.index(), false, loop_of(copy, false), from, from, kept});
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
      tape_->to_zero.emplace_back(r, Padding(site_.results[r]));
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
  std::unique_ptr<Tape> tape_;
  TapeProgram& program_;
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
  auto tape = Maker(body, site).make();
  if (tape && as == TapeRuns::as_code) tape->code = TapeCode::make(tape->program);
  return tape;
}

bool tape_runs(const ir::Program& body, const Site& site) {
  return Maker(body, site).make() != nullptr;
}

}  // namespace gnomon::exec::cpu
