#include "exec/cpu/moving.h"

#include <cstring>
#include <numeric>

#include "exec/cpu/layouts.h"
#include "exec/cpu/padding.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/spread.h"

namespace gnomon::exec::cpu {
namespace {

template <typename Element>
class Moving final : public Kernel {
 public:
  Moving(const Site& site, const std::vector<std::int64_t>& axes)
      : spread_(site.operands[0], axes, site.results[0]),
        count_(stored_count(site.results[0].shape(), site.results[0].layout)),
        padding_(site.results[0]) {}

  std::string implementation() const override { return "move"; }

  void run(const Memory& memory) override {
    for_parts(count_, grain, count_ * static_cast<std::int64_t>(2 * sizeof(Element)),
              [&](std::int64_t begin, std::int64_t end, int) {
                spread_.expand(memory.operand<Element>(0), begin, end - begin,
                               memory.result<Element>(0) + begin);
              });
    padding_.zero(memory.results[0]);
  }

 private:
  static constexpr std::int64_t grain = 4096;
  Spread spread_;
  std::int64_t count_;
  Padding padding_;
};

class Copy final : public Kernel {
 public:
  explicit Copy(const Site& site)
      : bytes_(static_cast<std::size_t>(ir::bound_bytes(site.results[0].type).value)) {}

  std::string implementation() const override { return "copy"; }

  void run(const Memory& memory) override {
    if (bytes_ != 0 && memory.results[0] != memory.operands[0])
      std::memcpy(memory.results[0], memory.operands[0], bytes_);
  }

 private:
  std::size_t bytes_;
};

// oneDNN's reorder, as far as it has one that is not its slow reference code.
std::unique_ptr<Kernel> make_reorder(const Site& site, const std::vector<std::int64_t>& axes,
                                     const Device& device) {
  const Stored &from = site.operands[0], &to = site.results[0];
  if (from.type.rank() != to.type.rank() || from.type.rank() == 0 ||
      from.type.rank() > most_dimensions || !onednn_type(from.type.dtype) ||
      element_count(to.shape()) == 0)
    return nullptr;
  const auto source =
      describe(from.type, from.layout).permute_axes(std::vector<int>(axes.begin(), axes.end()));
  const auto prepare = [&](const std::vector<dnnl::memory::desc>& d) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::reorder::primitive_desc made(device.engine, d[0], device.engine, d[1], attributes);
    return Prepared{dnnl::reorder(made), d, made.scratchpad_desc(), made.impl_info_str()};
  };
  return make_exactly(
      device,
      {{DNNL_ARG_FROM, false, 0, source}, {DNNL_ARG_TO, true, 0, describe(to.type, to.layout)}},
      prepare);
}

}  // namespace

std::unique_ptr<Kernel> make_moving(const Site& site, const std::vector<std::int64_t>& axes,
                                    const Device& device) {
  if (auto reorder = make_reorder(site, axes, device)) return reorder;
  switch (bits(site.results[0].type.dtype)) {
    case 8:
      return std::make_unique<Moving<std::uint8_t>>(site, axes);
    case 16:
      return std::make_unique<Moving<std::uint16_t>>(site, axes);
    case 32:
      return std::make_unique<Moving<std::uint32_t>>(site, axes);
    default:
      return std::make_unique<Moving<std::uint64_t>>(site, axes);
  }
}

std::unique_ptr<Kernel> make_copy(const Site& site) { return std::make_unique<Copy>(site); }

}  // namespace gnomon::exec::cpu
