#include "exec/cpu/reference_kernel.h"

#include <algorithm>

#include "exec/layout_conversion.h"
#include "exec/reference/evaluate.h"

namespace gnomon::exec::cpu {
namespace {

class Reference final : public Kernel {
 public:
  Reference(const Site& site, std::string why)
      : node_(site.node), operands_(site.operands), results_(site.results), why_(std::move(why)) {}

  std::string implementation() const override { return "reference"; }
  std::string why() const override { return why_; }

  void run(const Memory& memory) override {
    std::vector<Tensor> values;
    for (std::size_t i = 0; i < operands_.size(); ++i)
      values.push_back(to_row_major({memory.operands[i], bytes(operands_[i])},
                                    operands_[i].type.dtype, operands_[i].shape(),
                                    operands_[i].layout));
    std::vector<const Tensor*> pointers;
    for (const auto& value : values) pointers.push_back(&value);
    const auto results = evaluate_node(node_, pointers);
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const Buffer stored = from_row_major(results[i], results_[i].layout);
      std::copy_n(stored.data(), bytes(results_[i]), memory.results[i]);
    }
  }

 private:
  static std::size_t bytes(const Stored& stored) {
    return static_cast<std::size_t>(ir::stored_bytes(stored.type, stored.layout).value);
  }

  ir::Node node_;
  std::vector<Stored> operands_, results_;
  std::string why_;
};

}  // namespace

std::unique_ptr<Kernel> make_reference(const Site& site, std::string why) {
  return std::make_unique<Reference>(site, std::move(why));
}

}  // namespace gnomon::exec::cpu
