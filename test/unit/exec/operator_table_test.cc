// doc/operators.md is made from the operators' declarations and compared here. To write it anew:
//   GNOMON_WRITE_DOC=1 build/release/test/test_exec --gtest_filter=OperatorTable.*

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ir/op_info.h"
#include "operator_samples.h"

namespace gnomon::exec {
namespace {

std::string sides(const std::vector<ir::Rule::Indices>& all) {
  std::vector<std::string> texts;
  for (const auto& side : all)
    texts.push_back(side.empty() ? "()" : fmt::format("{}", fmt::join(side, " ")));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string factor(std::int64_t number) { return number == 1 ? "" : fmt::format("{} ", number); }

std::string text_of(const ir::Rule& rule) {
  if (rule.is_none()) return "";
  std::string text = sides(rule.operands()) + " ->";
  if (!rule.results().empty()) text += " " + sides(rule.results());
  for (const auto& w : rule.windows()) {
    text += fmt::format("; {} = {}{} + {}{}", w.source, factor(w.stride), w.position,
                        factor(w.dilation), w.tap);
    if (w.padding != 0) text += fmt::format(" - {}", w.padding);
  }
  for (const auto& [index, extent] : rule.extents())
    text += extent.is_symbol() ? fmt::format("; {} : {}<={}", index, extent.symbol, extent.size)
                               : fmt::format("; {} : {}", index, extent.size);
  for (const auto kind : {ir::Reduction::sum, ir::Reduction::max}) {
    std::string indices;
    for (const auto& [index, reduction] : rule.reductions())
      if (reduction == kind) indices += " " + index;
    if (!indices.empty())
      text += fmt::format("; {}{}", kind == ir::Reduction::sum ? "sum" : "max", indices);
  }
  std::set<std::string> split;
  for (const auto& side : rule.operands())
    for (const auto& index : side)
      if (rule.can_split(index)) split.insert(index);
  if (!split.empty()) text += fmt::format("; split {}", fmt::join(split, " "));
  return "`" + text + "`";
}

std::string gradient_of(const samples::Sample& sample) {
  auto build = ir::Builder::extend(sample.program);
  const ir::Node node = build.program().nodes[sample.node];
  std::vector<ir::Value> outputs;
  for (std::uint32_t i = 0; i < node.results.size(); ++i) outputs.push_back({sample.node, i});
  const auto weights = samples::make_gradients(build, sample);
  const auto answer = ir::gradient(node.op, {build, node.inputs, outputs, weights});
  if (const auto* none = std::get_if<ir::NotDifferentiable>(&answer))
    return fmt::format("no: {}", none->why);
  for (const auto& gradient : std::get<ir::Gradients>(answer))
    if (gradient) return "yes";
  return "nothing flows";
}

std::string row(const samples::SampledOperator& sampled) {
  const auto sample = sampled.samples(samples::Setting{DType::f32, 3, true}).front();
  const auto& op = sample.program.nodes[sample.node].op;
  std::vector<std::string> attributes;
  std::visit(
      [&](const auto& o) {
        ir::for_each_attribute(
            o, [&](std::string_view name, const auto&) { attributes.emplace_back(name); });
      },
      op);
  return fmt::format("| `{}` | {} | {} | {} |\n", sampled.name, text_of(ir::rule(op)),
                     fmt::join(attributes, ", "), gradient_of(sample));
}

std::string page() {
  std::string text =
      "# Operators\n\n"
      "The primitive operators of a [Program](program.md), in the order of the list in "
      "`src/ir/ops.h`; what each means\n"
      "stands in its file in `src/ir/ops`. Where a rule depends on attributes or types, that of an "
      "example is shown; an\n"
      "operator without a rule infers its own result. This page is made from the declarations by "
      "the test\n"
      "`OperatorTable`, which says how to write it anew.\n\n"
      "| operator | index rule | attributes | gradient |\n"
      "| --- | --- | --- | --- |\n";
  for (const auto& sampled : samples::operators()) text += row(sampled);
  return text;
}

TEST(OperatorTable, ThePageSaysWhatIsDeclared) {
  const auto path = std::filesystem::path(GNOMON_TEST_DATA) / "../../doc/operators.md";
  if (std::getenv("GNOMON_WRITE_DOC") != nullptr) std::ofstream(path) << page();
  std::ostringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_EQ(written.str(), page()) << "doc/operators.md is out of date; see the head of this test";
}

}  // namespace
}  // namespace gnomon::exec
