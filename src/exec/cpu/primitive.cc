#include "exec/cpu/primitive.h"

#include <algorithm>

#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_loops.h"

namespace gnomon::exec::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Type = dnnl::memory::data_type;

constexpr std::size_t line = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + line - 1) / line * line; }

Desc as_f32(Desc desc) {
  if (desc.data_type() == Type::bf16) desc.data.data_type = dnnl_f32;
  return desc;
}

Desc open_layout(const Desc& desc) {
  return {desc.dims(), desc.data_type(), dnnl::memory::format_tag::any};
}

// A oneDNN primitive with its arguments. `run` does not allocate; oneDNN itself does, a little.
class Call {
 public:
  Call() = default;
  Call(dnnl::primitive primitive, const std::vector<std::pair<int, Desc>>& arguments,
       const Device& device)
      : primitive_(std::move(primitive)), stream_(device.stream) {
    for (const auto& [argument, desc] : arguments) {
      memories_.emplace_back(desc, device.engine, nullptr);
      arguments_.push_back({argument, memories_.back().get()});
      at_.push_back(nullptr);
    }
  }

  void point(std::size_t argument, void* at) {
    if (at_[argument] == at) return;
    memories_[argument].set_data_handle(at);
    at_[argument] = at;
  }

  void run() const {
    const auto status = dnnl_primitive_execute(
        primitive_.get(), stream_.get(), static_cast<int>(arguments_.size()), arguments_.data());
    GNOMON_CHECK(status == dnnl_success, "oneDNN: status {}", static_cast<int>(status));
  }

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  std::vector<dnnl::memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
  std::vector<void*> at_;
};

Call reorder(const Desc& from, const Desc& to, const Device& device) {
  const dnnl::reorder::primitive_desc description(device.engine, from, device.engine, to);
  return {dnnl::reorder(description), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}, device};
}

// The way between a port's place in memory and the primitive: at most one conversion between bf16
// and f32 in the stored layout, and one reorder.
struct Way {
  bool converts = false, reorders = false, constant = false, fresh = false;
  std::size_t converted = 0, reordered = 0;  // offsets in scratch
  std::int64_t count = 0;                    // stored elements
  Call reorder_call;
  Buffer kept;  // the reordered constant
};

int pool_for(Threads threads) { return threads == Threads::caller ? 1 : omp_get_max_threads(); }

class PrimitiveKernel final : public Kernel {
 public:
  PrimitiveKernel(const Device& device, std::vector<Port> ports, Prepared prepared, bool in_f32,
                  Threads threads)
      : ports_(std::move(ports)),
        threads_(threads),
        implementation_("onednn " + prepared.implementation) {
    std::vector<std::pair<int, Desc>> arguments;
    for (std::size_t p = 0; p < ports_.size(); ++p) {
      ways_.push_back(make_way(ports_[p], prepared.wanted[p], device));
      arguments.emplace_back(ports_[p].argument, prepared.wanted[p]);
    }
    arguments.emplace_back(DNNL_ARG_SCRATCHPAD, prepared.scratchpad);
    pad_ = take(prepared.scratchpad.get_size());
    call_ = Call(std::move(prepared.primitive), arguments, device);
    if (in_f32) why_ = "no bf16 on this processor: computed in f32, rounded";
    if (std::any_of(ways_.begin(), ways_.end(), [](const Way& w) { return w.reorders; }))
      implementation_ += " + reorder";
  }

  std::string implementation() const override { return implementation_; }
  std::string why() const override { return why_; }
  std::size_t scratch_bytes() const override { return scratch_; }
  void refresh() override {
    for (auto& way : ways_) way.fresh = false;
  }

  void run(const Memory& memory) override {
    const PoolSize pool(pool_for(threads_));
    call_.point(ports_.size(), memory.scratch + pad_);
    for (std::size_t p = 0; p < ports_.size(); ++p) call_.point(p, enter(p, memory));
    call_.run();
    for (std::size_t p = 0; p < ports_.size(); ++p)
      if (ports_[p].is_result) leave(p, memory);
  }

 private:
  std::size_t take(std::size_t bytes) {
    const auto at = scratch_;
    scratch_ += aligned(bytes);
    return at;
  }

  Way make_way(const Port& port, const Desc& wanted, const Device& device) {
    Way way;
    const Desc plain = wanted.data_type() == Type::f32 ? as_f32(port.stored) : port.stored;
    way.converts = plain.data_type() != port.stored.data_type();
    way.reorders = plain != wanted;
    way.constant = port.constant && !port.is_result && (way.converts || way.reorders);
    way.count = static_cast<std::int64_t>(plain.get_size() /
                                          dnnl::memory::data_type_size(plain.data_type()));
    if (way.converts) way.converted = take(plain.get_size());
    if (way.reorders) {
      way.reorder_call =
          port.is_result ? reorder(wanted, plain, device) : reorder(plain, wanted, device);
      way.reordered = take(wanted.get_size());
    }
    if (way.constant) way.kept = Buffer(wanted.get_size());
    return way;
  }

  // Where the primitive finds an operand, or leaves a result.
  std::byte* enter(std::size_t p, const Memory& memory) {
    auto& way = ways_[p];
    const auto& port = ports_[p];
    if (port.is_result) {
      if (way.reorders) return memory.scratch + way.reordered;
      return way.converts ? memory.scratch + way.converted : memory.results[port.index];
    }
    if (way.constant && way.fresh) return way.kept.data();
    std::byte* at = memory.operands[port.index];
    const auto move_to = [&](std::byte* scratch, bool last) {
      return way.constant && last ? way.kept.data() : scratch;
    };
    if (way.converts) {
      std::byte* to = move_to(memory.scratch + way.converted, !way.reorders);
      convert(reinterpret_cast<const Bf16*>(at), reinterpret_cast<float*>(to), way.count, widen);
      at = to;
    }
    if (way.reorders) {
      std::byte* to = move_to(memory.scratch + way.reordered, true);
      way.reorder_call.point(0, at);
      way.reorder_call.point(1, to);
      way.reorder_call.run();
      at = to;
    }
    way.fresh = true;
    return at;
  }

  void leave(std::size_t p, const Memory& memory) {
    auto& way = ways_[p];
    std::byte* const result = memory.results[ports_[p].index];
    std::byte* const converted = way.converts ? memory.scratch + way.converted : result;
    if (way.reorders) {
      way.reorder_call.point(0, memory.scratch + way.reordered);
      way.reorder_call.point(1, converted);
      way.reorder_call.run();
    }
    if (way.converts)
      convert(reinterpret_cast<const float*>(converted), reinterpret_cast<Bf16*>(result), way.count,
              narrow);
  }

  template <typename From, typename To>
  static void convert(const From* from, To* to, std::int64_t count,
                      void (*loop)(const From*, To*, std::int64_t)) {
    for_parts(count, 1024, count * 6, [&](std::int64_t begin, std::int64_t end, int) {
      loop(from + begin, to + begin, end - begin);
    });
  }

  std::vector<Port> ports_;
  Threads threads_;
  std::vector<Way> ways_;
  Call call_;
  std::size_t scratch_ = 0, pad_ = 0;
  std::string implementation_, why_;
};

std::optional<Prepared> attempt(const Prepare& prepare, const std::vector<Desc>& descs) {
  try {
    return prepare(descs);
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments)
      return std::nullopt;
    throw;
  }
}

// The reference, and the reorder for whatever has no other, element by element.
bool is_slow(const Prepared& prepared) {
  return prepared.implementation.find("ref") != std::string::npos ||
         prepared.implementation == "simple:any";
}

}  // namespace

std::unique_ptr<Kernel> make_primitive(const Device& device, std::vector<Port> ports,
                                       const Prepare& prepare, Threads threads) {
  const PoolSize pool(pool_for(threads));
  std::vector<Desc> stored, open;
  for (const auto& port : ports) {
    open.push_back(open_layout(port.stored));
    stored.push_back(port.constant ? open.back() : port.stored);
  }
  for (const bool in_f32 : {false, true}) {
    if (in_f32)
      for (auto* list : {&stored, &open})
        for (auto& desc : *list) desc = as_f32(desc);
    auto prepared = attempt(prepare, stored);
    if (!prepared || is_slow(*prepared)) {
      auto chosen = attempt(prepare, open);
      if (chosen && (!prepared || !is_slow(*chosen))) prepared = std::move(chosen);
    }
    if (prepared)
      return std::make_unique<PrimitiveKernel>(device, std::move(ports), std::move(*prepared),
                                               in_f32, threads);
  }
  return nullptr;
}

std::unique_ptr<Kernel> make_exactly(const Device& device, std::vector<Port> ports,
                                     const Prepare& prepare) {
  std::vector<Desc> stored;
  for (const auto& port : ports) stored.push_back(port.stored);
  auto prepared = attempt(prepare, stored);
  if (!prepared || is_slow(*prepared)) return nullptr;
  return std::make_unique<PrimitiveKernel>(device, std::move(ports), std::move(*prepared), false,
                                           Threads::pool);
}

std::optional<std::vector<Desc>> preferred(const std::vector<Port>& ports, const Prepare& prepare) {
  std::vector<Desc> open;
  for (const auto& port : ports) open.push_back(open_layout(port.stored));
  auto prepared = attempt(prepare, open);
  if (!prepared) {
    for (auto& desc : open) desc = as_f32(desc);
    prepared = attempt(prepare, open);
  }
  if (!prepared) return std::nullopt;
  return std::move(prepared->wanted);
}

}  // namespace gnomon::exec::cpu
