// A tape as machine code, block after block. Where the broadcast operands and reductions allow it,
// a block lies within one row of theirs: they then take or leave one element, or one per lane.

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "exec/cpu/reduction_loops.h"
#include "exec/cpu/tape_code.h"
#include "exec/cpu/tape_kernel.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t longest_expanded = 2048;  // elements that a block expands or adds to
constexpr std::int64_t shortest_row = 64;        // shorter blocks cost more than they save
constexpr std::int64_t longest_period = 8192;
constexpr std::size_t most_spread = 32;

struct Plan {
  std::int64_t block;
  Forms forms;
  bool in_rows;  // no block crosses the end of a chunk of what is spread or reduced
  std::vector<std::int64_t> ends = {};  // multiples of which end what strides can reach
};

// The form of a spread for blocks of `size`, if each lies within one chunk and one cycle of it, or
// is made of whole cycles.
std::optional<Form> form_for(const Spread& spread, std::int64_t size) {
  const std::int64_t period = spread.period();
  if (spread.chunk() % size != 0) return std::nullopt;
  if (period == 1) return Form::element;
  if (period == vector_lanes() && size % vector_lanes() == 0) return Form::lanes;
  if (period > longest_period || size > longest_expanded) return std::nullopt;
  if (size % period != 0 && period % size != 0) return std::nullopt;
  return Form::whole;
}

std::optional<Forms> forms_for(const TapeProgram& tape, std::int64_t size) {
  Forms forms;
  for (const auto& s : tape.spreadings) {
    const auto form = form_for(s.spread, size);
    if (!form) return std::nullopt;
    forms.spreadings.push_back(*form);
  }
  for (const auto& r : tape.reducings) {
    const auto form = form_for(r.spread, size);
    if (!form) return std::nullopt;
    forms.reducings.push_back(*form);
  }
  const auto gathered = std::count_if(forms.reducings.begin(), forms.reducings.end(),
                                      [](Form form) { return form != Form::whole; });
  if (gathered > vector_lanes() / 2) return std::nullopt;  // they keep a vector each
  return forms;
}

// The longest block that suits all, but short enough to share the work; otherwise one for which
// everything is expanded.
Plan plan_of(const TapeProgram& tape) {
  std::int64_t common = 0;
  for (const auto& s : tape.spreadings) common = std::gcd(common, s.spread.chunk());
  for (const auto& r : tape.reducings) common = std::gcd(common, r.spread.chunk());
  const std::int64_t longest =
      std::clamp(tape.count / 16, usual_block, vector_lanes() * most_terms);
  if (common == 0) return {longest / vector_lanes() * vector_lanes(), {}, true};
  for (std::int64_t size = std::min(common, longest); size >= shortest_row; --size)
    if (common % size == 0)
      if (auto forms = forms_for(tape, size)) return {size, std::move(*forms), true};
  Plan plan{expanded_block(tape), {}, false};
  plan.forms.spreadings.assign(tape.spreadings.size(), Form::whole);
  plan.forms.reducings.assign(tape.reducings.size(), Form::terms);
  return plan;
}

// Bytes from what one row takes of or gives to a spread to what the next does, if that is the same
// for all rows up to an end (add_ends).
std::int64_t stride_of(const Spread& spread, Form form, std::int64_t row,
                       std::int64_t element_bytes) {
  if (form == Form::element && spread.chunk() == row && spread.in_order()) return element_bytes;
  if (form == Form::element || form == Form::lanes) return 0;
  return row % spread.period() == 0 ? 0 : row * element_bytes;
}

// Whether all rows find the operand where it lies.
bool is_in_place(const TapeProgram& tape, const Spreading& s, Form form, std::int64_t row) {
  if (form == Form::element) return s.spread.in_order();
  return form == Form::whole && s.spread.chunk() == tape.count && s.spread.period() % row == 0 &&
         s.spread.place(0, s.spread.period());
}

void add_ends(const TapeProgram& tape, Plan& plan, const Spread& spread, Form form,
              std::int64_t stride) {
  if (form == Form::whole && spread.period() > plan.block) plan.ends.push_back(spread.period());
  if (spread.chunk() < tape.count && (form == Form::whole || stride == 0))
    plan.ends.push_back(spread.chunk());
}

// For as many rows at once as there are strides for.
void find_strides(const TapeProgram& tape, Plan& plan) {
  const std::int64_t row = plan.block;
  std::vector<std::int64_t> strides;
  for (const auto& steps : {tape.operand_steps, tape.result_steps})
    for (const auto step : steps) strides.push_back(step * row);
  for (std::size_t i = 0; i < tape.spreadings.size(); ++i) {
    const auto& s = tape.spreadings[i];
    const Form form = plan.forms.spreadings[i];
    const std::int64_t stride = stride_of(s.spread, form, row, bits(plan.forms.dtypes[i]) / 8);
    if (stride > 0 && !is_in_place(tape, s, form, row)) return;
    strides.push_back(stride);
    add_ends(tape, plan, s.spread, form, stride);
  }
  for (std::size_t i = 0; i < tape.reducings.size(); ++i) {
    const auto& r = tape.reducings[i];
    const Form form = plan.forms.reducings[i];
    const auto bytes = form == Form::element ? sizeof(double) : sizeof(float);
    const std::int64_t stride = stride_of(r.spread, form, row, static_cast<std::int64_t>(bytes));
    if (form == Form::lanes) return;
    strides.push_back(stride);
    add_ends(tape, plan, r.spread, form, stride);
  }
  plan.forms.strides = std::move(strides);
}

// Floats that a spread or a reduction has in scratch.
std::int64_t floats_of(const Spread& spread, Form form, std::int64_t block, bool adds) {
  if (form == Form::element || form == Form::lanes) return most_lanes;
  const std::int64_t count = adds && form == Form::whole ? std::max(block, spread.period()) : block;
  return (count + most_lanes - 1) / most_lanes * most_lanes;
}

std::int64_t floats_of(const TapeProgram& tape, const Plan& plan) {
  std::int64_t floats = 0;
  for (std::size_t i = 0; i < tape.spreadings.size(); ++i)
    floats += floats_of(tape.spreadings[i].spread, plan.forms.spreadings[i], plan.block, false);
  for (std::size_t i = 0; i < tape.reducings.size(); ++i)
    floats += floats_of(tape.reducings[i].spread, plan.forms.reducings[i], plan.block, true);
  return floats;
}

class CodeTape final : public TapeKernel {
 public:
  CodeTape(const TapeProgram& tape, int pool, Plan plan, std::unique_ptr<TapeCode> code)
      : TapeKernel(tape, pool, plan.block, floats_of(tape, plan)),
        forms_(std::move(plan.forms)),
        in_rows_(plan.in_rows),
        ends_(std::move(plan.ends)),
        code_(std::move(code)) {
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i)
      if (forms_.reducings[i] == Form::whole)
        most_added_ = std::min(
            most_added_,
            most_terms * std::max<std::int64_t>(program_.reducings[i].spread.period() / block_, 1));
  }

  std::string implementation() const override {
    return vector_lanes() == most_lanes ? "tape jit:avx512" : "tape jit:avx2";
  }

 private:
  // What a part keeps from one block to the next.
  struct Part {
    Part(const Memory& m, double* t) : memory(m), totals(t) {}
    const Memory& memory;
    double* totals;
    std::array<std::byte*, 4 * most_registers> addresses;
    std::array<float*, most_spread> spread, reduced;  // in scratch
    std::array<Spread::Held, most_spread> held;
    std::int64_t added = 0;  // blocks since the elements of reductions were last collected
  };

  void run_part(const Memory& memory, std::int64_t begin, std::int64_t end, float* scratch,
                double* totals) const override {
    Part part(memory, totals);
    for (std::size_t i = 0; i < forms_.spreadings.size(); ++i) {
      part.spread[i] = scratch;
      scratch += floats_of(program_.spreadings[i].spread, forms_.spreadings[i], block_, false);
    }
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i) {
      part.reduced[i] = scratch;
      scratch += floats_of(program_.reducings[i].spread, forms_.reducings[i], block_, true);
    }
    restart(part);
    for (std::int64_t position = begin; position < end;) {
      const std::int64_t length = std::min(block_, end - position);
      const std::int64_t rows = rows_from(position, end, most_added_ - part.added);
      find_addresses(part, position, length);
      code_->run(part.addresses.data(), rows, length);
      collect(part, position, length);
      const std::int64_t last = position + (rows - 1) * block_;
      position = last + length;
      part.added += rows;
      if (part.added == most_added_ || position == end || ends_chunk(position))
        collect_added(part, last);
    }
  }

  // How many rows one call can run.
  std::int64_t rows_from(std::int64_t position, std::int64_t end, std::int64_t most) const {
    if (forms_.strides.empty()) return 1;
    std::int64_t rows = std::min((end - position) / block_, most);
    for (const auto limit : ends_) rows = std::min(rows, (limit - position % limit) / block_);
    return std::max<std::int64_t>(rows, 1);
  }

  void find_addresses(Part& part, std::int64_t position, std::int64_t length) const {
    auto* next = part.addresses.data();
    for (std::size_t i = 0; i < program_.operand_steps.size(); ++i)
      *next++ = part.memory.operands[i] + position * program_.operand_steps[i];
    for (std::size_t i = 0; i < program_.result_steps.size(); ++i)
      *next++ = part.memory.results[i] + position * program_.result_steps[i];
    for (std::size_t i = 0; i < forms_.spreadings.size(); ++i)
      *next++ = spread(part, i, position, length);
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i) *next++ = reduced(part, i, position);
  }

  // Where a block's part of a broadcast operand is: in place if it can be.
  std::byte* spread(Part& part, std::size_t i, std::int64_t position, std::int64_t length) const {
    const auto& s = program_.spreadings[i];
    const Form form = forms_.spreadings[i];
    const std::int64_t count = form == Form::element ? 1
                               : form == Form::lanes ? vector_lanes()
                                                     : length;
    if (in_rows_ && s.dtype == forms_.dtypes[i])
      if (const auto at = s.spread.place(position, count))
        return part.memory.operands[s.operand] + *at * (bits(s.dtype) / 8);
    refill(s, part.memory, position, count, part.spread[i], part.held[i]);
    return reinterpret_cast<std::byte*>(part.spread[i]);
  }

  // What a block of a reduction goes to: the total, or scratch.
  std::byte* reduced(Part& part, std::size_t i, std::int64_t position) const {
    const auto& r = program_.reducings[i];
    if (forms_.reducings[i] == Form::element)
      if (const auto at = r.spread.place(position, 1))
        return reinterpret_cast<std::byte*>(part.totals + r.first + *at);
    const std::int64_t period = r.spread.period();
    const bool part_of_cycle = forms_.reducings[i] == Form::whole && period > block_;
    return reinterpret_cast<std::byte*>(part.reduced[i] + (part_of_cycle ? position % period : 0));
  }

  void collect(Part& part, std::int64_t position, std::int64_t length) const {
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i) {
      const Form form = forms_.reducings[i];
      if (form != Form::lanes && form != Form::terms) continue;
      const auto& r = program_.reducings[i];
      r.spread.collect(r.kind, part.reduced[i], position,
                       form == Form::terms ? length : vector_lanes(), part.totals + r.first);
    }
  }

  bool ends_chunk(std::int64_t position) const {
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i)
      if (forms_.reducings[i] == Form::whole &&
          position % program_.reducings[i].spread.chunk() == 0)
        return true;
    return false;
  }

  void collect_added(Part& part, std::int64_t position) const {
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i) {
      if (forms_.reducings[i] != Form::whole) continue;
      const auto& r = program_.reducings[i];
      const std::int64_t chunk = position / r.spread.chunk() * r.spread.chunk();
      const std::int64_t period = r.spread.period();
      for (std::int64_t first = 0; first < std::max(block_, period); first += period)
        r.spread.collect(r.kind, part.reduced[i] + first, chunk, period, part.totals + r.first);
    }
    restart(part);
  }

  void restart(Part& part) const {
    part.added = 0;
    for (std::size_t i = 0; i < forms_.reducings.size(); ++i)
      if (const auto& r = program_.reducings[i]; forms_.reducings[i] == Form::whole)
        std::fill_n(part.reduced[i], std::max(block_, r.spread.period()),
                    static_cast<float>(start_of(r.kind)));
  }

  const Forms forms_;
  const bool in_rows_;
  const std::vector<std::int64_t> ends_;
  const std::unique_ptr<TapeCode> code_;
  std::int64_t most_added_ = INT64_MAX;  // blocks in which no element is added to too often
};

}  // namespace

std::unique_ptr<Kernel> make_code_tape(const TapeProgram& program, int pool) {
  if (vector_lanes() == 0 || program.count == 0 || program.spreadings.size() > most_spread ||
      program.reducings.size() > most_spread)
    return nullptr;
  Plan plan = plan_of(program);
  for (std::size_t i = 0; i < program.spreadings.size(); ++i) {
    const auto& s = program.spreadings[i];
    const bool in_place =
        plan.in_rows && is_in_place(program, s, plan.forms.spreadings[i], plan.block);
    plan.forms.dtypes.push_back(in_place ? s.dtype : DType::f32);
  }
  if (plan.in_rows) find_strides(program, plan);
  auto code = TapeCode::make(program, plan.forms);
  if (!code) return nullptr;
  return std::make_unique<CodeTape>(program, pool, std::move(plan), std::move(code));
}

}  // namespace gnomon::exec::cpu
