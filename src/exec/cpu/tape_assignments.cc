#include "exec/cpu/tape_assignments.h"

#include <utility>

namespace gnomon::exec::cpu {
namespace {

using Value = Assignments::Value;
using End = Assignments::End;

Value::Source source_of(Form form, DType dtype) {
  const bool narrow = dtype == DType::bf16;
  if (form == Form::element) return narrow ? Value::Source::bf16_element : Value::Source::element;
  if (form == Form::lanes) return Value::Source::vector;
  return narrow ? Value::Source::bf16 : Value::Source::f32;
}

End::Kind kind_of(Form form) {
  return form == Form::terms     ? End::Kind::f32
         : form == Form::whole   ? End::Kind::added
         : form == Form::element ? End::Kind::element
                                 : End::Kind::lanes;
}

}  // namespace

Assignments::Assignments(const TapeProgram& tape, const Forms& forms) {
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

std::size_t Assignments::add(Value value) {
  values.push_back(std::move(value));
  return values.size() - 1;
}

void Assignments::end(End e) {
  use(e.value, steps.size() + ends.size());
  ends.push_back(e);
}

}  // namespace gnomon::exec::cpu
