#include "exec/cpu/kernels.h"

#include <algorithm>
#include <numeric>

#include "exec/cpu/bf16_gradient.h"
#include "exec/cpu/contraction_kernel.h"
#include "exec/cpu/direct.h"
#include "exec/cpu/elementwise_region.h"
#include "exec/cpu/gemm.h"
#include "exec/cpu/moving.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/pooling.h"
#include "exec/cpu/reference_kernel.h"
#include "exec/cpu/rows.h"
#include "exec/cpu/tables.h"
#include "exec/cpu/tape.h"
#include "exec/cpu/winograd.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

// A kernel, or why there is none.
struct UseReference {
  std::string_view why;
};
using Choice = std::variant<std::unique_ptr<Kernel>, UseReference>;

Choice choose(std::unique_ptr<Kernel> kernel, std::string_view otherwise) {
  if (kernel == nullptr) return UseReference{otherwise};
  return kernel;
}

constexpr std::string_view types = "no kernel for this element type or layout";
constexpr std::string_view alone = "one rank has nobody to communicate with";

std::vector<std::int64_t> all_axes(const Stored& stored) {
  std::vector<std::int64_t> axes(stored.type.rank());
  std::iota(axes.begin(), axes.end(), std::int64_t{0});
  return axes;
}

std::vector<ir::Type> operand_types(const Site& site) {
  std::vector<ir::Type> operands;
  for (const auto& operand : site.operands) operands.push_back(operand.type);
  return operands;
}

class Chooser {
 public:
  Chooser(const Site& site, const Device& device) : site_(site), device_(device) {}

  Choice operator()(const ir::Fused& op) const { return region(op.body.program()); }

  Choice operator()(const ir::MatMul&) const { return one(); }
  Choice operator()(const ir::Convolution&) const { return one(); }
  Choice operator()(const ir::ConvolutionInputGradient&) const { return one(); }
  Choice operator()(const ir::ConvolutionWeightGradient&) const { return one(); }

  Choice operator()(const ir::Full&) const { return one(); }
  template <ir::Pointwise ElementWise>
  Choice operator()(const ElementWise&) const {
    return one();
  }

  Choice operator()(const ir::Broadcast& op) const { return make_moving(site_, op.axes, device_); }
  Choice operator()(const ir::Transpose& op) const {
    std::vector<std::int64_t> axes(op.permutation.size());
    for (std::size_t i = 0; i < axes.size(); ++i)
      axes[static_cast<std::size_t>(op.permutation[i])] = static_cast<std::int64_t>(i);
    return make_moving(site_, axes, device_);
  }
  Choice operator()(const ir::Reorder&) const {
    return make_moving(site_, all_axes(site_.operands[0]), device_);
  }
  Choice operator()(const ir::Reshape&) const {
    if (!site_.operands[0].layout.is_row_major() || !site_.results[0].layout.is_row_major())
      return UseReference{types};
    return make_copy(site_);
  }

  Choice operator()(const ir::Sum&) const { return one(); }
  Choice operator()(const ir::Max&) const { return one(); }
  Choice operator()(const ir::ArgMax&) const { return choose(make_arg_max(site_), types); }
  Choice operator()(const ir::OneHot&) const { return choose(make_one_hot(site_), types); }
  Choice operator()(const ir::Gather&) const { return choose(make_gather(site_), types); }
  Choice operator()(const ir::ScatterAdd&) const { return choose(make_scatter_add(site_), types); }
  Choice operator()(const ir::Softmax&) const { return choose(make_softmax(site_, false), types); }
  Choice operator()(const ir::LogSoftmax&) const {
    return choose(make_softmax(site_, true), types);
  }
  Choice operator()(const ir::MaxPool& op) const { return choose(make_max_pool(site_, op), types); }
  Choice operator()(const ir::MaxPoolGradient& op) const {
    return choose(make_max_pool_gradient(site_, op), types);
  }

  Choice operator()(const ir::Extent&) const { return UseReference{"computed once"}; }
  Choice operator()(const ir::RandomUniform&) const { return UseReference{"not yet needed fast"}; }
  Choice operator()(const ir::If&) const { return UseReference{"inner programs are interpreted"}; }
  Choice operator()(const ir::Repeat&) const {
    return UseReference{"inner programs are interpreted"};
  }

  Choice operator()(const ir::Token&) const { return UseReference{alone}; }
  Choice operator()(const ir::AllReduce&) const { return UseReference{alone}; }
  Choice operator()(const ir::AllGather&) const { return UseReference{alone}; }
  Choice operator()(const ir::ReduceScatter&) const { return UseReference{alone}; }
  Choice operator()(const ir::AllToAll&) const { return UseReference{alone}; }
  Choice operator()(const ir::Send&) const { return UseReference{alone}; }
  Choice operator()(const ir::Recv&) const { return UseReference{alone}; }

  Choice operator()(const ir::Input&) const { return no_kernel(); }
  Choice operator()(const ir::Read&) const { return no_kernel(); }
  Choice operator()(const ir::Write&) const { return no_kernel(); }
  Choice operator()(const ir::Constant&) const { return no_kernel(); }
  Choice operator()(const ir::Iota&) const { return no_kernel(); }

 private:
  Choice one() const { return region(as_region(site_.node, operand_types(site_))); }

  Choice region(const ir::Program& body) const {
    if (is_elementwise_region(body))
      return choose(make_tape(body, site_),
                    "operands lie in different layouts, or padding is reduced");
    const auto contraction = as_contraction(body);
    if (!contraction) return UseReference{types};
    if (auto kernel = make_direct(*contraction, site_)) return kernel;
    if (auto kernel = make_winograd(*contraction, site_)) return kernel;
    if (auto kernel = make_bf16_gradient(*contraction, site_)) return kernel;
    if (auto kernel = make_gemm(*contraction, site_)) return kernel;
    const auto call = call_of(*contraction, device_, site_.operands, site_.results[0]);
    if (!call) return UseReference{"oneDNN takes no empty operands, and no matrices in blocks"};
    return choose(make_primitive(device_, call->ports, call->prepare, threads()),
                  "oneDNN has no primitive for it");
  }

  // Little work stays on the calling thread: oneDNN wakes the pool up to twice a call.
  Threads threads() const {
    constexpr double flops_worth_waking = 1e6;
    const auto cost = ir::cost(site_.node.op, operand_types(site_), site_.node.results);
    return cost.flops.value < flops_worth_waking &&
                   cost.bytes.value < static_cast<double>(worth_waking)
               ? Threads::caller
               : Threads::pool;
  }

  [[noreturn]] Choice no_kernel() const {
    GNOMON_CHECK(false, "{} has no kernel", ir::name(site_.node.op));
  }

  const Site& site_;
  const Device& device_;
};

}  // namespace

std::unique_ptr<Kernel> make_kernel(const Site& site, const Device& device) {
  auto choice = std::visit(Chooser(site, device), site.node.op);
  if (const auto* reference = std::get_if<UseReference>(&choice))
    return make_reference(site, std::string(reference->why));
  return std::move(std::get<std::unique_ptr<Kernel>>(choice));
}

}  // namespace gnomon::exec::cpu
