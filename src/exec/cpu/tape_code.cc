#include "exec/cpu/tape_code.h"

#include <xbyak/xbyak.h>

#include <algorithm>
#include <array>
#include <bit>
#include <dnnl.hpp>
#include <map>
#include <optional>

#include "exec/cpu/generated_code.h"
#include "exec/cpu/reduction_loops.h"
#include "ir/ops.h"

namespace gnomon::exec::cpu {
namespace {

constexpr int vector_bytes = 64;

// What an instruction reads, found anew for every sixteen elements.
struct Value {
  // A vector from f32 or bf16 at a moving position, one vector or one element that stay, a number,
  // what an instruction made.
  enum class Source { f32, bf16, vector, element, bf16_element, constant, instruction };
  Source source;
  std::size_t address = 0;  // of memory: which of the addresses
  float constant = 0;
  std::vector<std::size_t> uses = {};  // steps: instructions, and after them the ends; ascending

  // Where it is while code for a step is written.
  std::optional<int> vector = {};
  bool on_stack = false;
};

// What becomes of a value.
struct End {
  enum class Kind { f32, bf16, element, lanes, added };  // written, or combined
  Kind kind;
  std::size_t value, address;
  ir::Reduction reduction = ir::Reduction::sum;

  // Combined in a vector of its own along a row.
  bool is_gathered() const { return kind == Kind::element || kind == Kind::lanes; }
};

// The tape with each value assigned once, and all ends in the end: whatever an operand holds can be
// read until then. No end is of an operand that a result may lie over (tape.cc sees to it).
struct Assignments {
  std::vector<Value> values;
  struct Step {
    std::size_t a, b, out;  // values
  };
  std::vector<Step> steps;  // of each instruction
  std::vector<End> ends;

  Assignments(const TapeProgram& tape, const Forms& forms) {
    const std::size_t operands = tape.operand_steps.size();
    std::size_t address = operands + tape.result_steps.size();
    std::vector<std::size_t> current(tape.registers.size(), SIZE_MAX);
    for (std::size_t r = 0; r < tape.registers.size(); ++r)
      if (tape.registers[r].place == Register::Place::operand)
        current[r] = add({.source = Value::Source::f32, .address = tape.registers[r].index});
    for (std::size_t i = 0; i < tape.spreadings.size(); ++i)
      current[tape.spreadings[i].out] =
          add({.source = source_of(forms.spreadings[i], forms.dtypes[i]), .address = address++});
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
        end({End::Kind::f32, current[r], operands + tape.registers[r].index});
    for (const auto& s : tape.storings)
      end({s.dtype == DType::bf16 ? End::Kind::bf16 : End::Kind::f32, current[s.from],
           operands + s.result});
    for (std::size_t i = 0; i < tape.reducings.size(); ++i)
      end({kind_of(forms.reducings[i]), current[tape.reducings[i].from], address++,
           tape.reducings[i].kind});
  }

 private:
  static Value::Source source_of(Form form, DType dtype) {
    const bool narrow = dtype == DType::bf16;
    if (form == Form::element) return narrow ? Value::Source::bf16_element : Value::Source::element;
    if (form == Form::lanes) return Value::Source::vector;
    return narrow ? Value::Source::bf16 : Value::Source::f32;
  }
  static End::Kind kind_of(Form form) {
    return form == Form::terms     ? End::Kind::f32
           : form == Form::whole   ? End::Kind::added
           : form == Form::element ? End::Kind::element
                                   : End::Kind::lanes;
  }
  std::size_t add(Value value) {
    values.push_back(std::move(value));
    return values.size() - 1;
  }
  void use(std::size_t value, std::size_t step) { values[value].uses.push_back(step); }
  void end(End e) {
    use(e.value, steps.size() + ends.size());
    ends.push_back(e);
  }
};

}  // namespace

class TapeCode::Assembler : public Xbyak::CodeGenerator {
 public:
  Assembler(const TapeProgram& tape, const Forms& forms)
      : Xbyak::CodeGenerator(4096, Xbyak::AutoGrow),
        tape_(tape),
        strides_(forms.strides),
        assignments_(tape, forms) {}

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
    const auto rows = qword[rsp + static_cast<int>(assignments_.values.size()) * vector_bytes];
    mov(rows, rsi);
    mov(count_, rdx);

    Xbyak::Label row, whole, rest, end;
    L(row);
    mov(limit_, count_);
    and_(limit_, -static_cast<int>(vector_lanes));
    xor_(position_, position_);
    masked_ = false;
    start_gathering();
    L(whole);
    cmp(position_, limit_);
    jge(rest, T_NEAR);
    emit_steps();
    add(position_, static_cast<int>(vector_lanes));
    jmp(whole, T_NEAR);
    L(rest);
    mov(other_base_, count_);
    sub(other_base_, position_);
    jle(end, T_NEAR);
    mov(limit_, -1);
    bzhi(limit_, limit_, other_base_);
    kmovw(rest_mask_, limit_.cvt32());
    masked_ = true;
    emit_steps();
    L(end);
    finish_gathering();
    advance();
    dec(rows);
    jnz(row, T_NEAR);
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
    for (std::size_t i = 0; i < owner_.size() - gathered_.size(); ++i) owner_[i] = nobody;
    for (step_ = 0; step_ < assignments_.steps.size(); ++step_) emit_instruction();
    for (std::size_t i = 0; i < assignments_.ends.size(); ++i, ++step_) emit_end(i);
  }

  // The last vectors are kept for what is combined in them.
  void start_gathering() {
    int vector = static_cast<int>(owner_.size());
    for (std::size_t i = 0; i < assignments_.ends.size(); ++i) {
      const auto& end = assignments_.ends[i];
      if (!end.is_gathered()) continue;
      gathered_[i] = --vector;
      owner_[static_cast<std::size_t>(vector)] = gathering;
      const auto start = static_cast<float>(start_of(end.reduction));
      vbroadcastss(Xbyak::Zmm(vector), dword_constant(start));
    }
  }

  void finish_gathering() {
    for (const auto& [index, vector] : gathered_) {
      const End& end = assignments_.ends[index];
      const auto to = base_of(end.address);
      const bool sum = end.reduction == ir::Reduction::sum;
      if (end.kind == End::Kind::lanes) {
        vmovups(ptr[to], Xbyak::Zmm(vector));
        continue;
      }
      vextractf64x4(ymm0, Xbyak::Zmm(vector), 1);
      vcvtps2pd(zmm0, ymm0);
      vcvtps2pd(zmm1, Xbyak::Ymm(vector));
      sum ? vaddpd(zmm0, zmm0, zmm1) : vmaxpd(zmm0, zmm0, zmm1);
      vextractf64x4(ymm1, zmm0, 1);
      sum ? vaddpd(ymm0, ymm0, ymm1) : vmaxpd(ymm0, ymm0, ymm1);
      vextractf128(xmm1, ymm0, 1);
      sum ? vaddpd(xmm0, xmm0, xmm1) : vmaxpd(xmm0, xmm0, xmm1);
      vpermilpd(xmm1, xmm0, 1);
      sum ? vaddsd(xmm0, xmm0, xmm1) : vmaxsd(xmm0, xmm0, xmm1);
      sum ? vaddsd(xmm0, xmm0, ptr[to]) : vmaxsd(xmm0, xmm0, ptr[to]);
      vmovsd(ptr[to], xmm0);
    }
  }

  // To the next row.
  void advance() {
    for (std::size_t address = 0; address < strides_.size(); ++address) {
      const auto stride = static_cast<std::uint32_t>(strides_[address]);
      if (stride == 0) continue;
      const auto base = bases_.find(address);
      if (base != bases_.end())
        add(base->second, stride);
      else
        add(qword[rdi + 8 * static_cast<int>(address)], stride);
    }
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

  void emit_end(std::size_t index) {
    const End& end = assignments_.ends[index];
    const Xbyak::Zmm x = loaded(end.value);
    locked_.push_back(x.getIdx());
    if (end.is_gathered()) {
      const Xbyak::Zmm total(gathered_.at(index));
      combine(end.reduction, total, x, masked_ ? total | rest_mask_ : total);
    } else if (end.kind == End::Kind::added) {
      const auto at = element(end.address, 4);
      const Xbyak::Zmm total = taken();
      masked_ ? vmovups(total | rest_mask_ | T_z, at) : vmovups(total, at);
      combine(end.reduction, total, x, total);
      masked_ ? vmovups(at | rest_mask_, total) : vmovups(at, total);
    } else if (end.kind == End::Kind::bf16) {
      const Xbyak::Zmm half = taken();
      vpsrld(half, x, 16);
      const auto to = element(end.address, 2);
      masked_ ? vpmovdw(to | rest_mask_, half) : vpmovdw(to, half);
    } else {
      const auto to = element(end.address, 4);
      masked_ ? vmovups(to | rest_mask_, x) : vmovups(to, x);
    }
    locked_.clear();
    release(end.value);
  }

  // Keeps the total where the two cannot be compared.
  void combine(ir::Reduction kind, Xbyak::Zmm total, Xbyak::Zmm x, Xbyak::Zmm to) {
    kind == ir::Reduction::sum ? vaddps(to, total, x) : vmaxps(to, x, total);
  }

  // --- Where values are ---

  static constexpr std::size_t nobody = SIZE_MAX, gathering = SIZE_MAX - 1;  // owners

  // The next step that reads a value from this one on; none: SIZE_MAX.
  std::size_t next_use(const Value& value, std::size_t from) const {
    const auto next = std::lower_bound(value.uses.begin(), value.uses.end(), from);
    return next == value.uses.end() ? SIZE_MAX : *next;
  }

  // Whether `b` can be an operand in memory: not in a vector, and not worth one.
  bool read_once(std::size_t v) const {
    const auto& value = assignments_.values[v];
    if (value.vector) return false;
    if (value.source == Value::Source::constant || value.source == Value::Source::element)
      return true;
    return (value.source == Value::Source::vector ||
            (value.source == Value::Source::f32 && !masked_)) &&
           next_use(value, step_ + 1) == SIZE_MAX;
  }

  Xbyak::Address memory(const Value& value) {
    switch (value.source) {
      case Value::Source::constant:
        return constant(value.constant);
      case Value::Source::element:
        return ptr_b[base_of(value.address)];
      case Value::Source::vector:
        return ptr[base_of(value.address)];
      default:
        return element(value.address, 4);
    }
  }

  Xbyak::Zmm loaded(std::size_t v) {
    auto& value = assignments_.values[v];
    if (value.vector) return Xbyak::Zmm(*value.vector);
    const Xbyak::Zmm to = taken();
    if (value.on_stack) {
      vmovups(to, stack(v));
    } else if (value.source == Value::Source::constant) {
      vbroadcastss(to, dword_constant(value.constant));
    } else if (value.source == Value::Source::element) {
      vbroadcastss(to, ptr[base_of(value.address)]);
    } else if (value.source == Value::Source::bf16_element) {
      vpbroadcastw(to, ptr[base_of(value.address)]);
      vpslld(to, to, 16);
    } else if (value.source == Value::Source::vector) {
      vmovups(to, ptr[base_of(value.address)]);
    } else if (value.source == Value::Source::f32) {
      const auto from = element(value.address, 4);
      masked_ ? vmovups(to | rest_mask_ | T_z, from) : vmovups(to, from);
    } else {
      const auto from = element(value.address, 2);
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
      if (owner_[i] == gathering) continue;
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
    const auto choose = [&](std::size_t address) {
      if (bases_.size() < registers.size()) bases_.emplace(address, registers[bases_.size()]);
    };
    for (const auto& value : assignments_.values) {
      const bool is_memory =
          value.source != Value::Source::constant && value.source != Value::Source::instruction;
      if (is_memory && !value.uses.empty()) choose(value.address);
    }
    for (const auto& end : assignments_.ends)
      if (!end.is_gathered()) choose(end.address);
  }

  // The register with the address; if it has none of its own, one until the next call.
  Xbyak::Reg64 base_of(std::size_t address) {
    if (const auto base = bases_.find(address); base != bases_.end()) return base->second;
    mov(other_base_, ptr[rdi + 8 * static_cast<int>(address)]);
    return other_base_;
  }

  Xbyak::Address element(std::size_t address, int size) {
    return ptr[base_of(address) + position_ * size];
  }

  Xbyak::Address stack(std::size_t v) { return ptr[rsp + static_cast<int>(v) * vector_bytes]; }

  // A number beside the code, for all lanes.
  Xbyak::Address constant(float value) { return bits(std::bit_cast<std::uint32_t>(value)); }
  Xbyak::Address bits(std::uint32_t value) { return ptr_b[rip + constants_[value]]; }
  Xbyak::Address dword_constant(float value) {
    return ptr[rip + constants_[std::bit_cast<std::uint32_t>(value)]];
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

  // As in elementary.h, in the same order.
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

  const TapeProgram& tape_;  // this and the strides until it is assembled
  const std::vector<std::int64_t>& strides_;
  Assignments assignments_;
  std::size_t step_ = 0;
  bool masked_ = false;                  // the elements that do not fill a vector
  std::array<std::size_t, 32> owner_{};  // the value in each vector
  std::vector<int> locked_;              // vectors that the instruction being written uses
  std::map<std::size_t, int> gathered_;  // the vector of each end that has one
  std::map<std::size_t, Xbyak::Reg64> bases_;
  std::map<std::uint32_t, Xbyak::Label> constants_;
  const Xbyak::Reg64 position_ = rax, count_ = rsi, limit_ = r11, other_base_ = rdx;
  const Xbyak::Opmask mask_ = k2, rest_mask_ = k1;
};

TapeCode::TapeCode(std::unique_ptr<Assembler> assembler)
    : assembler_(std::move(assembler)), function_(assembler_->getCode<Function*>()) {}

TapeCode::~TapeCode() = default;

std::unique_ptr<TapeCode> TapeCode::make(const TapeProgram& program, const Forms& forms) {
  constexpr auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  if ((static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) != wanted) return nullptr;
  if (!std::all_of(program.instructions.begin(), program.instructions.end(), Assembler::knows))
    return nullptr;
  try {
    auto assembler = std::make_unique<Assembler>(program, forms);
    assembler->assemble();
    list_generated(assembler->getCode(), assembler->getSize(), program.name);
    return std::unique_ptr<TapeCode>(new TapeCode(std::move(assembler)));
  } catch (const Xbyak::Error&) {  // memory for code is refused
    return nullptr;
  }
}

}  // namespace gnomon::exec::cpu
