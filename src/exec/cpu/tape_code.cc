#include "exec/cpu/tape_code.h"

#include <xbyak/xbyak.h>
#include <xbyak/xbyak_util.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>

#include "exec/cpu/generated_code.h"
#include "exec/cpu/isa.h"
#include "exec/cpu/reduction_loops.h"
#include "exec/cpu/tape_assignments.h"
#include "ir/ops.h"

namespace gnomon::exec::cpu {
namespace {

using Value = Assignments::Value;
using End = Assignments::End;

constexpr std::size_t slot_bytes = 64;  // on the stack, for a vector of any size

}  // namespace

class TapeCode::Assembler : public Xbyak::CodeGenerator {
 public:
  Assembler(const TapeProgram& tape, const Forms& forms, int lanes)
      : Xbyak::CodeGenerator(4096, Xbyak::AutoGrow),
        tape_(tape),
        strides_(forms.strides),
        lanes_(lanes),
        assignments_(tape, forms),
        owner_(has_avx512() ? 32 : 16, nobody) {}

  static bool knows(const Instruction& instruction) {
    return emitters().find(instruction.op) != emitters().end();
  }

  void assemble() {
    const std::array<Xbyak::Reg64, 5> saved{rbx, r12, r13, r14, r15};
    constexpr int saved_bytes = 5 * 8;
    const std::size_t slots = assignments_.values.size() * slot_bytes;
    push(rbp);
    mov(rbp, rsp);
    for (const auto& reg : saved) push(reg);
    sub(rsp, static_cast<std::uint32_t>(slots + slot_bytes));
    and_(rsp, -static_cast<int>(slot_bytes));
    choose_bases();
    for (const auto& [address, base] : bases_) mov(base, ptr[rdi + 8 * static_cast<int>(address)]);
    const auto rows = qword[rsp + static_cast<int>(slots)];
    mov(rows, rsi);
    mov(count_, rdx);

    Xbyak::Label row, whole, rest, end;
    L(row);
    mov(limit_, count_);
    and_(limit_, -lanes_);
    xor_(position_, position_);
    in_rest_ = false;
    start_gathering();
    L(whole);
    cmp(position_, limit_);
    jge(rest, T_NEAR);
    emit_steps();
    add(position_, lanes_);
    jmp(whole, T_NEAR);
    L(rest);
    in_rest_ = true;
    cmp(position_, count_);
    jge(end, T_NEAR);
    if (has_avx512()) set_rest_mask();
    emit_steps();
    add(position_, has_avx512() ? lanes_ : 1);
    jmp(rest, T_NEAR);
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
    align(slot_bytes);
    for (auto& [bits, label] : constants_) {
      L(label);
      for (int lane = 0; lane < (has_avx512() ? 1 : lanes_); ++lane) dd(bits);
    }
    ready(Xbyak::CodeArray::PROTECT_RE);
  }

 private:
  // Writes f(a, b) to a vector that is neither.
  using Vector = Xbyak::Xmm;  // of any size
  using Emit = void (Assembler::*)(Vector a, const Xbyak::Operand& b, Vector out);

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

  bool has_avx512() const { return lanes_ == most_lanes; }
  Vector vector(int index) const {
    return has_avx512() ? Vector(Xbyak::Zmm(index)) : Vector(Xbyak::Ymm(index));
  }

  // --- Steps ---

  // What does not fill a vector is masked with AVX-512; otherwise it goes one element at a time, in
  // the lowest lane.
  void set_rest_mask() {
    mov(other_base_, count_);
    sub(other_base_, position_);
    mov(limit_, -1);
    bzhi(limit_, limit_, other_base_);
    kmovw(rest_mask_, limit_.cvt32());
  }

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
      vbroadcastss(this->vector(vector), dword_constant(start));
    }
  }

  void finish_gathering() {
    for (const auto& [index, vector] : gathered_) {
      const End& end = assignments_.ends[index];
      const auto to = base_of(end.address);
      const bool sum = end.reduction == ir::Reduction::sum;
      if (end.kind == End::Kind::lanes) {
        vmovups(ptr[to], this->vector(vector));
        continue;
      }
      if (has_avx512()) {
        vextractf64x4(ymm0, Xbyak::Zmm(vector), 1);
        vcvtps2pd(zmm0, ymm0);
        vcvtps2pd(zmm1, Xbyak::Ymm(vector));
        sum ? vaddpd(zmm0, zmm0, zmm1) : vmaxpd(zmm0, zmm0, zmm1);
        vextractf64x4(ymm1, zmm0, 1);
      } else {
        vextractf128(xmm0, Xbyak::Ymm(vector), 1);
        vcvtps2pd(ymm0, xmm0);
        vcvtps2pd(ymm1, Xbyak::Xmm(vector));
      }
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
      const Vector x = loaded(a);
      locked_.push_back(x.getIdx());
      const auto& [emit, takes_memory] = emitters().at(instruction.op);
      const bool from_memory = takes_memory && b != a && read_once(b);
      const Vector y = from_memory ? x : loaded(b);
      locked_.push_back(y.getIdx());
      const Vector z = taken();
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
    const Vector x = loaded(end.value);
    locked_.push_back(x.getIdx());
    if (end.is_gathered()) {
      gather(end.reduction, vector(gathered_.at(index)), x);
    } else if (end.kind == End::Kind::added) {
      const auto at = element(end.address, 4);
      const Vector total = taken();
      load_f32(total, at);
      combine(end.reduction, total, x, total);
      store_f32(at, total);
    } else if (end.kind == End::Kind::bf16) {
      store_bf16(element(end.address, 2), x);
    } else {
      store_f32(element(end.address, 4), x);
    }
    locked_.clear();
    release(end.value);
  }

  // Keeps the total where the two cannot be compared.
  void combine(ir::Reduction kind, Vector total, Vector x, Vector to) {
    kind == ir::Reduction::sum ? vaddps(to, total, x) : vmaxps(to, x, total);
  }

  void gather(ir::Reduction kind, Vector total, Vector x) {
    if (!in_rest_) return combine(kind, total, x, total);
    if (has_avx512()) return combine(kind, total, x, total | rest_mask_);
    const Vector all = temporary();
    combine(kind, total, x, all);
    vblendps(total, total, all, 1);
  }

  // --- Memory ---

  void load_f32(Vector to, const Xbyak::Address& from) {
    if (!in_rest_)
      vmovups(to, from);
    else if (has_avx512())
      vmovups(to | rest_mask_ | T_z, from);
    else
      vmovss(Xbyak::Xmm(to.getIdx()), from);
  }
  void load_bf16(Vector to, const Xbyak::Address& from) {
    if (!in_rest_)
      vpmovzxwd(to, from);
    else if (has_avx512())
      vpmovzxwd(to | rest_mask_ | T_z, from);
    else
      movzx(limit_.cvt32(), word[from.getRegExp()]), vmovd(Xbyak::Xmm(to.getIdx()), limit_.cvt32());
    vpslld(to, to, 16);
  }
  void store_f32(const Xbyak::Address& to, Vector x) {
    if (!in_rest_)
      vmovups(to, x);
    else if (has_avx512())
      vmovups(to | rest_mask_, x);
    else
      vmovss(to, Xbyak::Xmm(x.getIdx()));
  }
  void store_bf16(const Xbyak::Address& to, Vector x) {
    if (in_rest_ && !has_avx512()) return vpextrw(to, Xbyak::Xmm(x.getIdx()), 1);
    const Vector half = temporary();
    vpsrld(half, x, 16);
    if (has_avx512()) return vpmovdw(in_rest_ ? to | rest_mask_ : to, half);
    const Xbyak::Xmm low(half.getIdx()), high(temporary().getIdx());
    vextracti128(high, Xbyak::Ymm(half.getIdx()), 1);
    vpackusdw(low, low, high);
    vmovups(to, low);
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
    if (value.source == Value::Source::constant) return true;
    if (value.source == Value::Source::element) return has_avx512();
    return (value.source == Value::Source::vector ||
            (value.source == Value::Source::f32 && !in_rest_)) &&
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

  Vector loaded(std::size_t v) {
    auto& value = assignments_.values[v];
    if (value.vector) return vector(*value.vector);
    const Vector to = taken();
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
      load_f32(to, element(value.address, 4));
    } else {
      load_bf16(to, element(value.address, 2));
    }
    value.vector = to.getIdx();
    owner_[static_cast<std::size_t>(to.getIdx())] = v;
    return to;
  }

  // A vector for something new: a free one, or that of the value which is read last.
  Vector taken() {
    std::optional<std::size_t> best;
    std::size_t best_use = 0;
    for (std::size_t i = 0; i < owner_.size(); ++i) {
      if (std::find(locked_.begin(), locked_.end(), static_cast<int>(i)) != locked_.end()) continue;
      if (owner_[i] == nobody) return vector(static_cast<int>(i));
      if (owner_[i] == gathering) continue;
      const auto use = next_use(assignments_.values[owner_[i]], step_);
      if (!best || use > best_use) best = i, best_use = use;
    }
    auto& evicted = assignments_.values[owner_[*best]];
    if (evicted.source == Value::Source::instruction && !evicted.on_stack) {
      vmovups(stack(owner_[*best]), vector(*evicted.vector));
      evicted.on_stack = true;
    }
    evicted.vector.reset();
    owner_[*best] = nobody;
    return vector(static_cast<int>(*best));
  }

  // A vector for the instruction being written.
  Vector temporary() {
    const Vector vector = taken();
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

  Xbyak::Address stack(std::size_t v) { return ptr[rsp + v * slot_bytes]; }

  // A number beside the code, for all lanes.
  Xbyak::Address constant(float value) { return bits(std::bit_cast<std::uint32_t>(value)); }
  Xbyak::Address bits(std::uint32_t value) {
    return has_avx512() ? ptr_b[rip + constants_[value]] : ptr[rip + constants_[value]];
  }
  Xbyak::Address dword_constant(float value) {
    return ptr[rip + constants_[std::bit_cast<std::uint32_t>(value)]];
  }

  // --- Operators ---

  using Operand = Xbyak::Operand;

  void emit_copy(Vector a, const Operand&, Vector out) { vmovaps(out, a); }
  void emit_negate(Vector a, const Operand&, Vector out) {
    exclusive_or(out, a, bits(0x80000000U));
  }
  void emit_square_root(Vector a, const Operand&, Vector out) { vsqrtps(out, a); }
  void emit_add(Vector a, const Operand& b, Vector out) { vaddps(out, a, b); }
  void emit_subtract(Vector a, const Operand& b, Vector out) { vsubps(out, a, b); }
  void emit_multiply(Vector a, const Operand& b, Vector out) { vmulps(out, a, b); }
  void emit_divide(Vector a, const Operand& b, Vector out) { vdivps(out, a, b); }

  // The processor's maximum is its second operand where they are equal or not comparable.
  void emit_maximum(Vector a, const Operand& b, Vector out) {
    vmovups(out, b);
    vmaxps(out, out, a);
  }
  void emit_relu(Vector a, const Operand&, Vector out) {
    exclusive_or(out, out, out);
    vmaxps(out, out, a);
  }
  void emit_step(Vector a, const Operand&, Vector out) {
    exclusive_or(out, out, out);
    if (has_avx512()) {
      vcmpps(mask_, out, a, less_than);
      vbroadcastss(out | mask_ | T_z, dword_constant(1));
    } else {
      vcmpps(out, out, a, less_than);
      vandps(out, out, constant(1));
    }
  }

  // As in elementary.h, in the same order.
  void emit_reduced(Vector x, Vector n, Vector r) {
    vbroadcastss(n, dword_constant(12582912.0F));
    vmovaps(r, n);
    vfmadd231ps(n, x, constant(1.44269504F));
    vsubps(n, n, r);
    vmovaps(r, x);
    vfnmadd231ps(r, n, constant(0.693359375F));
    vfnmadd231ps(r, n, constant(-2.12194440e-4F));
  }
  void emit_exponential_less_one(Vector r, Vector p) {
    vbroadcastss(p, dword_constant(1.0F / 5040));
    for (const float c : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F})
      vfmadd213ps(p, r, constant(c));
    vmulps(p, p, r);
    vfmadd213ps(p, r, r);
  }

  void emit_exponential(Vector a, const Operand&, Vector out) {
    const auto x = temporary(), n = temporary(), r = temporary(), p = temporary();
    vbroadcastss(x, dword_constant(-110));
    vmaxps(x, x, a);
    vbroadcastss(r, dword_constant(100));
    vminps(x, r, x);
    emit_reduced(x, n, r);
    emit_exponential_less_one(r, p);
    vaddps(p, p, constant(1));
    if (has_avx512()) return vscalefps(out, p, n);
    vcvtps2dq(n, n);
    vpsrad(x, n, 1);
    vpsubd(n, n, x);
    power_of_two(x);
    power_of_two(n);
    vmulps(p, p, x);
    vmulps(out, p, n);
  }

  // 2^e of integers −126 ≤ e ≤ 127.
  void power_of_two(Vector e) {
    vpaddd(e, e, bits(127));
    vpslld(e, e, 23);
  }

  void emit_hyperbolic_tangent(Vector a, const Operand&, Vector out) {
    const auto x = temporary(), n = temporary(), r = temporary(), p = temporary();
    conjunction(x, a, bits(0x7fffffffU));
    vmulps(x, x, constant(-2));
    vbroadcastss(n, dword_constant(-80));
    vmaxps(x, n, x);
    emit_reduced(x, n, r);
    emit_exponential_less_one(r, p);
    if (has_avx512()) {
      vbroadcastss(x, dword_constant(1));
      vscalefps(x, x, n);
    } else {
      vcvtps2dq(x, n);
      power_of_two(x);
    }
    vsubps(n, x, constant(1));
    vfmadd213ps(p, x, n);
    vaddps(n, p, constant(2));
    vdivps(out, p, n);
    conjunction(x, a, bits(0x80000000U));
    conjunction(out, out, bits(0x7fffffffU));
    has_avx512() ? vpord(out, out, x) : vpor(out, out, x);
  }

  // To the nearest bf16, ties to even: half a unit less one is added, and one to odd numbers; NaN
  // stays one.
  void emit_rounding(Vector x) {
    const auto up = temporary();
    if (has_avx512()) {
      vptestmd(mask_, x, bits(0x10000));
      vpaddd(up, x, bits(0x7fff));
      vpaddd(up | mask_, x, bits(0x8000));
      vfixupimmps(up, x, bits(quiet_if_nan), 0);
      vpandd(x, up, bits(0xffff0000U));
      return;
    }
    const auto is_nan = temporary();
    vpsrld(up, x, 16);
    vpand(up, up, bits(1));
    vpaddd(up, up, x);
    vpaddd(up, up, bits(0x7fff));
    vcmpps(is_nan, x, x, unordered);
    vpor(x, x, bits(0x400000));
    vblendvps(x, up, x, is_nan);
    vpand(x, x, bits(0xffff0000U));
  }

  void exclusive_or(Vector to, Vector a, const Operand& b) {
    has_avx512() ? vpxord(to, a, b) : vpxor(to, a, b);
  }
  void conjunction(Vector to, Vector a, const Operand& b) {
    has_avx512() ? vpandd(to, a, b) : vpand(to, a, b);
  }

  // vfixupimmps: for the classes quiet and signalling NaN (the lowest digits) the quiet NaN of the
  // second operand (2), else the first (0).
  static constexpr std::uint32_t quiet_if_nan = 0x22;
  static constexpr std::uint8_t less_than = 0x11, unordered = 0x03;  // without exceptions

  const TapeProgram& tape_;  // this and the strides until it is assembled
  const std::vector<std::int64_t>& strides_;
  const int lanes_;
  Assignments assignments_;
  std::size_t step_ = 0;
  bool in_rest_ = false;                 // the elements that do not fill a vector
  std::vector<std::size_t> owner_;       // the value in each vector
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

std::int64_t vector_lanes() {
  static const std::int64_t lanes = []() -> std::int64_t {
    if (has_isa(dnnl::cpu_isa::avx512_core)) return most_lanes;
    return has_isa(dnnl::cpu_isa::avx2) && Xbyak::util::Cpu().has(Xbyak::util::Cpu::tFMA) ? 8 : 0;
  }();
  return lanes;
}

std::unique_ptr<TapeCode> TapeCode::make(const TapeProgram& program, const Forms& forms) {
  const auto lanes = static_cast<int>(vector_lanes());
  if (lanes == 0) return nullptr;
  if (!std::all_of(program.instructions.begin(), program.instructions.end(), Assembler::knows))
    return nullptr;
  try {
    auto assembler = std::make_unique<Assembler>(program, forms, lanes);
    assembler->assemble();
    list_generated(assembler->getCode(), assembler->getSize(), program.name);
    return std::unique_ptr<TapeCode>(new TapeCode(std::move(assembler)));
  } catch (const Xbyak::Error&) {  // memory for code is refused
    return nullptr;
  }
}

}  // namespace gnomon::exec::cpu
