#include "exec/cpu/tape_code.h"

#include <xbyak/xbyak.h>

#include <algorithm>
#include <array>
#include <bit>
#include <dnnl.hpp>
#include <map>
#include <optional>

#include "ir/ops.h"

namespace gnomon::exec::cpu {
namespace {

constexpr int lanes = 16;
constexpr int vector_bytes = 64;

// What an instruction reads, found anew for every sixteen elements.
struct Value {
  enum class Source { f32, bf16, constant, instruction };
  Source source;
  std::size_t address = 0;  // of memory: which of the addresses, and bytes from there
  std::int64_t offset = 0;
  float constant = 0;
  std::vector<std::size_t> uses = {};  // steps: instructions, and after them the stores; ascending

  // Where it is while code for a step is written.
  std::optional<int> vector = {};
  bool on_stack = false;
};

struct Store {
  std::size_t value, address;
  std::int64_t offset;
  bool narrows;
};

// The tape with each value assigned once, and all stores in the end: whatever an operand holds can
// be read until then.
struct Assignments {
  std::vector<Value> values;
  struct Step {
    std::size_t a, b, out;  // values
  };
  std::vector<Step> steps;  // of each instruction
  std::vector<Store> stores;

  explicit Assignments(const TapeProgram& tape) {
    const std::size_t scratch = tape.operands + tape.results;
    const auto offset = [&](std::size_t r) {
      return static_cast<std::int64_t>(tape.registers[r].index) * tape.register_size() *
             static_cast<std::int64_t>(sizeof(float));
    };
    const auto in_scratch = [&](std::size_t r) {
      return tape.registers[r].place == Register::Place::scratch;
    };
    std::vector<std::size_t> current(tape.registers.size(), SIZE_MAX);
    for (std::size_t r = 0; r < tape.registers.size(); ++r)
      if (tape.registers[r].place == Register::Place::operand)
        current[r] = add({.source = Value::Source::f32, .address = tape.registers[r].index});
    for (const auto& s : tape.spreadings)
      current[s.out] =
          add({.source = Value::Source::f32, .address = scratch, .offset = offset(s.out)});
    for (const auto& f : tape.fillings)
      current[f.out] = add({.source = Value::Source::constant, .constant = f.value});
    for (const auto& w : tape.widenings)
      current[w.out] = add({.source = Value::Source::bf16, .address = w.operand});
    for (const auto& i : tape.instructions) {
      const Step step{current[i.a], current[i.b], values.size()};
      use(step.a, steps.size());
      if (step.b != step.a) use(step.b, steps.size());
      current[i.out] = add({.source = Value::Source::instruction});
      steps.push_back(step);
    }
    for (std::size_t r = 0; r < tape.registers.size(); ++r)
      if (tape.registers[r].place == Register::Place::result)
        store({current[r], tape.operands + tape.registers[r].index, 0, false});
    for (const auto& s : tape.storings)
      store({current[s.from], tape.operands + s.result, 0, s.dtype == DType::bf16});
    for (const auto& r : tape.reducings) {
      const auto source = values[current[r.from]].source;
      if (in_scratch(r.from) &&
          (source == Value::Source::instruction || source == Value::Source::bf16))
        store({current[r.from], scratch, offset(r.from), false});
    }
  }

 private:
  std::size_t add(Value value) {
    values.push_back(std::move(value));
    return values.size() - 1;
  }
  void use(std::size_t value, std::size_t step) { values[value].uses.push_back(step); }
  void store(Store s) {
    use(s.value, steps.size() + stores.size());
    stores.push_back(s);
  }
};

}  // namespace

class TapeCode::Assembler : public Xbyak::CodeGenerator {
 public:
  explicit Assembler(const TapeProgram& tape)
      : Xbyak::CodeGenerator(4096, Xbyak::AutoGrow), tape_(tape), assignments_(tape) {}

  static bool knows(const Instruction& instruction) {
    return emitters().find(instruction.op) != emitters().end();
  }

  void assemble() {
    const std::array<Xbyak::Reg64, 5> saved{rbx, r12, r13, r14, r15};
    constexpr int saved_bytes = 5 * 8;
    push(rbp);
    mov(rbp, rsp);
    for (const auto& reg : saved) push(reg);
    sub(rsp, static_cast<std::uint32_t>((assignments_.values.size() + 1) * vector_bytes));
    and_(rsp, -vector_bytes);
    choose_bases();
    for (const auto& [address, base] : bases_) mov(base, ptr[rdi + 8 * static_cast<int>(address)]);
    mov(limit_, rsi);
    and_(limit_, -lanes);
    xor_(position_, position_);

    Xbyak::Label whole, rest, end;
    L(whole);
    cmp(position_, limit_);
    jge(rest, T_NEAR);
    emit_steps();
    add(position_, lanes);
    jmp(whole, T_NEAR);
    L(rest);
    mov(other_base_, rsi);
    sub(other_base_, position_);
    jle(end, T_NEAR);
    mov(limit_, -1);
    bzhi(limit_, limit_, other_base_);
    kmovw(rest_mask_, limit_.cvt32());
    masked_ = true;
    emit_steps();
    L(end);
    vzeroupper();
    lea(rsp, ptr[rbp - saved_bytes]);
    for (auto reg = saved.rbegin(); reg != saved.rend(); ++reg) pop(*reg);
    pop(rbp);
    ret();
    align(vector_bytes);
    for (auto& [bits, label] : constants_) {
      L(label);
      dd(bits);
    }
    ready(Xbyak::CodeArray::PROTECT_RE);
  }

 private:
  // Writes f(a, b) to a vector that is neither.
  using Emit = void (Assembler::*)(Xbyak::Zmm a, const Xbyak::Operand& b, Xbyak::Zmm out);

  struct Emitter {
    Emit emit;
    bool takes_memory = false;  // as b
  };
  template <typename Op>
  static std::pair<const std::size_t, Emitter> entry(Emit emit, bool takes_memory = false) {
    return {ir::Op(Op{}).index(), {emit, takes_memory}};
  }
  static const std::map<std::size_t, Emitter>& emitters() {
    static const std::map<std::size_t, Emitter> all{
        entry<ir::Convert>(&Assembler::emit_copy),
        entry<ir::Negate>(&Assembler::emit_negate),
        entry<ir::Exp>(&Assembler::emit_exponential),
        entry<ir::SquareRoot>(&Assembler::emit_square_root),
        entry<ir::Relu>(&Assembler::emit_relu),
        entry<ir::Step>(&Assembler::emit_step),
        entry<ir::Tanh>(&Assembler::emit_hyperbolic_tangent),
        entry<ir::Add>(&Assembler::emit_add, true),
        entry<ir::Subtract>(&Assembler::emit_subtract, true),
        entry<ir::Multiply>(&Assembler::emit_multiply, true),
        entry<ir::Divide>(&Assembler::emit_divide, true),
        entry<ir::Maximum>(&Assembler::emit_maximum),
    };
    return all;
  }

  // --- Steps ---

  void emit_steps() {
    for (auto& value : assignments_.values) value.vector.reset(), value.on_stack = false;
    owner_.fill(nobody);
    for (step_ = 0; step_ < assignments_.steps.size(); ++step_) emit_instruction();
    for (const auto& store : assignments_.stores) emit_store(store), ++step_;
  }

  void emit_instruction() {
    const auto& [a, b, out] = assignments_.steps[step_];
    const auto& instruction = tape_.instructions[step_];
    auto& result = assignments_.values[out];
    if (!result.uses.empty()) {
      const Xbyak::Zmm x = loaded(a);
      locked_.push_back(x.getIdx());
      const auto& [emit, takes_memory] = emitters().at(instruction.op);
      const bool from_memory = takes_memory && b != a && read_once(b);
      const Xbyak::Zmm y = from_memory ? x : loaded(b);
      locked_.push_back(y.getIdx());
      const Xbyak::Zmm z = taken();
      locked_.push_back(z.getIdx());
      if (from_memory)
        (this->*emit)(x, memory(assignments_.values[b]), z);
      else
        (this->*emit)(x, y, z);
      if (instruction.rounds) emit_rounding(z);
      owner_[static_cast<std::size_t>(z.getIdx())] = out;
      result.vector = z.getIdx();
      locked_.clear();
    }
    release(a);
    release(b);
  }

  void emit_store(const Store& store) {
    const Xbyak::Zmm x = loaded(store.value);
    if (store.narrows) {
      locked_.push_back(x.getIdx());
      const Xbyak::Zmm half = taken();
      vpsrld(half, x, 16);
      locked_.clear();
      const auto to = element(store.address, store.offset, 2);
      masked_ ? vpmovdw(to | rest_mask_, half) : vpmovdw(to, half);
    } else {
      const auto to = element(store.address, store.offset, 4);
      masked_ ? vmovups(to | rest_mask_, x) : vmovups(to, x);
    }
    release(store.value);
  }

  // --- Where values are ---

  static constexpr std::size_t nobody = SIZE_MAX;

  // The next step that reads a value from this one on; none: SIZE_MAX.
  std::size_t next_use(const Value& value, std::size_t from) const {
    const auto next = std::lower_bound(value.uses.begin(), value.uses.end(), from);
    return next == value.uses.end() ? SIZE_MAX : *next;
  }

  // Whether `b` can be an operand in memory: not in a vector, and not worth one.
  bool read_once(std::size_t v) const {
    const auto& value = assignments_.values[v];
    if (value.vector) return false;
    if (value.source == Value::Source::constant) return true;
    return value.source == Value::Source::f32 && !masked_ && next_use(value, step_ + 1) == SIZE_MAX;
  }

  Xbyak::Address memory(const Value& value) {
    return value.source == Value::Source::constant ? constant(value.constant)
                                                   : element(value.address, value.offset, 4);
  }

  Xbyak::Zmm loaded(std::size_t v) {
    auto& value = assignments_.values[v];
    if (value.vector) return Xbyak::Zmm(*value.vector);
    const Xbyak::Zmm to = taken();
    if (value.on_stack) {
      vmovups(to, stack(v));
    } else if (value.source == Value::Source::constant) {
      vbroadcastss(to, dword_constant(value.constant));
    } else if (value.source == Value::Source::f32) {
      const auto from = element(value.address, value.offset, 4);
      masked_ ? vmovups(to | rest_mask_ | T_z, from) : vmovups(to, from);
    } else {
      const auto from = element(value.address, value.offset, 2);
      masked_ ? vpmovzxwd(to | rest_mask_ | T_z, from) : vpmovzxwd(to, from);
      vpslld(to, to, 16);
    }
    value.vector = to.getIdx();
    owner_[static_cast<std::size_t>(to.getIdx())] = v;
    return to;
  }

  // A vector for something new: a free one, or that of the value which is read last.
  Xbyak::Zmm taken() {
    std::optional<std::size_t> best;
    std::size_t best_use = 0;
    for (std::size_t i = 0; i < owner_.size(); ++i) {
      if (std::find(locked_.begin(), locked_.end(), static_cast<int>(i)) != locked_.end()) continue;
      if (owner_[i] == nobody) return Xbyak::Zmm(static_cast<int>(i));
      const auto use = next_use(assignments_.values[owner_[i]], step_);
      if (!best || use > best_use) best = i, best_use = use;
    }
    auto& evicted = assignments_.values[owner_[*best]];
    if (evicted.source == Value::Source::instruction && !evicted.on_stack) {
      vmovups(stack(owner_[*best]), Xbyak::Zmm(*evicted.vector));
      evicted.on_stack = true;
    }
    evicted.vector.reset();
    owner_[*best] = nobody;
    return Xbyak::Zmm(static_cast<int>(*best));
  }

  // A vector for the instruction being written.
  Xbyak::Zmm temporary() {
    const Xbyak::Zmm vector = taken();
    locked_.push_back(vector.getIdx());
    return vector;
  }

  void release(std::size_t v) {
    auto& value = assignments_.values[v];
    if (!value.vector || next_use(value, step_ + 1) != SIZE_MAX) return;
    owner_[static_cast<std::size_t>(*value.vector)] = nobody;
    value.vector.reset();
  }

  // --- Addresses ---

  void choose_bases() {
    const std::array<Xbyak::Reg64, 9> registers{rcx, r8, r9, r10, rbx, r12, r13, r14, r15};
    std::map<std::size_t, std::size_t> count;
    for (const auto& value : assignments_.values)
      if (value.source == Value::Source::f32 || value.source == Value::Source::bf16)
        count[value.address] += value.uses.size();
    for (const auto& store : assignments_.stores) ++count[store.address];
    for (const auto& [address, uses] : count)
      if (uses > 0 && bases_.size() < registers.size())
        bases_.emplace(address, registers[bases_.size()]);
  }

  Xbyak::Address element(std::size_t address, std::int64_t offset, int size) {
    auto base = bases_.find(address);
    const Xbyak::Reg64 from = base != bases_.end() ? base->second : other_base_;
    if (base == bases_.end()) mov(from, ptr[rdi + 8 * static_cast<int>(address)]);
    return ptr[from + position_ * size + static_cast<int>(offset)];
  }

  Xbyak::Address stack(std::size_t v) { return ptr[rsp + static_cast<int>(v) * vector_bytes]; }

  // A number beside the code, for all lanes.
  Xbyak::Address constant(float value) { return bits(std::bit_cast<std::uint32_t>(value)); }
  Xbyak::Address bits(std::uint32_t value) { return ptr_b[rip + constants_[value]]; }
  Xbyak::Address dword_constant(float value) {
    return ptr[rip + constants_[std::bit_cast<std::uint32_t>(value)]];
  }
  Xbyak::Zmm broadcast(float value) {
    const auto to = temporary();
    vbroadcastss(to, dword_constant(value));
    return to;
  }

  // --- Operators ---

  using Zmm = Xbyak::Zmm;
  using Operand = Xbyak::Operand;

  void emit_copy(Zmm a, const Operand&, Zmm out) { vmovaps(out, a); }
  void emit_negate(Zmm a, const Operand&, Zmm out) { vpxord(out, a, bits(0x80000000U)); }
  void emit_square_root(Zmm a, const Operand&, Zmm out) { vsqrtps(out, a); }
  void emit_add(Zmm a, const Operand& b, Zmm out) { vaddps(out, a, b); }
  void emit_subtract(Zmm a, const Operand& b, Zmm out) { vsubps(out, a, b); }
  void emit_multiply(Zmm a, const Operand& b, Zmm out) { vmulps(out, a, b); }
  void emit_divide(Zmm a, const Operand& b, Zmm out) { vdivps(out, a, b); }

  // The processor's maximum is its second operand where they are equal or not comparable.
  void emit_maximum(Zmm a, const Operand& b, Zmm out) {
    vmovups(out, b);
    vmaxps(out, out, a);
  }
  void emit_relu(Zmm a, const Operand&, Zmm out) {
    vpxord(out, out, out);
    vmaxps(out, out, a);
  }
  void emit_step(Zmm a, const Operand&, Zmm out) {
    vpxord(out, out, out);
    vcmpps(mask_, out, a, less_than);
    vbroadcastss(out | mask_ | T_z, dword_constant(1));
  }

  // As in elementary.h, in the same order: n and r of x, which is lost, and e^r - 1.
  void emit_reduced(Zmm x, Zmm n, Zmm r) {
    vbroadcastss(n, dword_constant(12582912.0F));
    vmovaps(r, n);
    vfmadd231ps(n, x, constant(1.44269504F));
    vsubps(n, n, r);
    vmovaps(r, x);
    vfnmadd231ps(r, n, constant(0.693359375F));
    vfnmadd231ps(r, n, constant(-2.12194440e-4F));
  }
  void emit_exponential_less_one(Zmm r, Zmm p) {
    vbroadcastss(p, dword_constant(1.0F / 5040));
    for (const float c : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F})
      vfmadd213ps(p, r, constant(c));
    vmulps(p, p, r);
    vfmadd213ps(p, r, r);
  }

  void emit_exponential(Zmm a, const Operand&, Zmm out) {
    const auto x = temporary(), n = temporary(), r = temporary(), p = temporary();
    vbroadcastss(x, dword_constant(-110));
    vmaxps(x, x, a);
    vbroadcastss(r, dword_constant(100));
    vminps(x, r, x);
    emit_reduced(x, n, r);
    emit_exponential_less_one(r, p);
    vaddps(p, p, constant(1));
    vscalefps(out, p, n);
  }

  void emit_hyperbolic_tangent(Zmm a, const Operand&, Zmm out) {
    const auto x = temporary(), n = temporary(), r = temporary(), p = temporary();
    vpandd(x, a, bits(0x7fffffffU));
    vmulps(x, x, constant(-2));
    vbroadcastss(n, dword_constant(-80));
    vmaxps(x, n, x);
    emit_reduced(x, n, r);
    emit_exponential_less_one(r, p);
    vbroadcastss(x, dword_constant(1));
    vscalefps(x, x, n);
    vsubps(n, x, constant(1));
    vfmadd213ps(p, x, n);
    vaddps(n, p, constant(2));
    vdivps(out, p, n);
    vpandd(x, a, bits(0x80000000U));
    vpandd(out, out, bits(0x7fffffffU));
    vpord(out, out, x);
  }

  // To the nearest bf16, ties to even: half a unit less one is added, and one to odd numbers; NaN
  // stays one.
  void emit_rounding(Zmm x) {
    const auto up = temporary();
    vptestmd(mask_, x, bits(0x10000));
    vpaddd(up, x, bits(0x7fff));
    vpaddd(up | mask_, x, bits(0x8000));
    vfixupimmps(up, x, bits(quiet_if_nan), 0);
    vpandd(x, up, bits(0xffff0000U));
  }

  // vfixupimmps: for the classes quiet and signalling NaN (the lowest digits) the quiet NaN of the
  // second operand (2), else the first (0).
  static constexpr std::uint32_t quiet_if_nan = 0x22;
  static constexpr std::uint8_t less_than = 0x11;  // without exceptions

  const TapeProgram& tape_;
  Assignments assignments_;
  std::size_t step_ = 0;
  bool masked_ = false;                  // the elements that do not fill a vector
  std::array<std::size_t, 32> owner_{};  // the value in each vector
  std::vector<int> locked_;              // vectors that the instruction being written uses
  std::map<std::size_t, Xbyak::Reg64> bases_;
  std::map<std::uint32_t, Xbyak::Label> constants_;
  const Xbyak::Reg64 position_ = rax, limit_ = r11, other_base_ = rdx;
  const Xbyak::Opmask mask_ = k2, rest_mask_ = k1;
};

TapeCode::TapeCode(std::unique_ptr<Assembler> assembler)
    : assembler_(std::move(assembler)),
      function_(assembler_->getCode<void (*)(std::byte* const*, std::int64_t)>()) {}

TapeCode::~TapeCode() = default;

std::unique_ptr<TapeCode> TapeCode::make(const TapeProgram& program) {
  const auto isa = dnnl::get_effective_cpu_isa();
  constexpr auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  if ((static_cast<unsigned>(isa) & wanted) != wanted) return nullptr;
  if (!std::all_of(program.instructions.begin(), program.instructions.end(), Assembler::knows))
    return nullptr;
  auto assembler = std::make_unique<Assembler>(program);
  assembler->assemble();
  return std::unique_ptr<TapeCode>(new TapeCode(std::move(assembler)));
}

}  // namespace gnomon::exec::cpu
