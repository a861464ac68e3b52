#pragma once

// One oneDNN primitive as a kernel. It runs in whatever layouts and element types oneDNN likes;
// where a node's operands and results are stored otherwise, the kernel reorders and converts
// through scratch, and says so in `implementation`. Operands that never change between runs are
// reordered once.

#include <dnnl.hpp>
#include <functional>
#include <optional>

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

// The processor as oneDNN sees it. One dispatching thread at a time.
struct Device {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

// What a primitive takes or yields: operand or result `index` of the node, as DNNL_ARG_….
struct Port {
  int argument;
  bool is_result;
  std::size_t index;
  dnnl::memory::desc stored;  // how the node stores it, in the primitive's own view of its shape
  bool constant = false;      // never changes between runs (see Kernel::refresh)
};

// A primitive ready to run and the descriptors it chose, one per port.
struct Prepared {
  dnnl::primitive primitive;
  std::vector<dnnl::memory::desc> wanted;
  dnnl::memory::desc scratchpad;
  std::string implementation;
};

// Makes the primitive for descriptors of the ports, in which layouts may be left open.
using Prepare = std::function<Prepared(const std::vector<dnnl::memory::desc>&)>;

// Which threads a primitive runs on.
enum class Threads { pool, caller };

// Tries, in this order: the layouts as stored; layouts of oneDNN's choice, if it has only its slow
// reference code for those stored; both again in f32, if it lacks bf16 on this processor. nullptr
// if it can do none of them.
std::unique_ptr<Kernel> make_primitive(const Device& device, std::vector<Port> ports,
                                       const Prepare& prepare, Threads threads);

// Only in the layouts and element types as stored, and not by reference code; nullptr otherwise.
std::unique_ptr<Kernel> make_exactly(const Device& device, std::vector<Port> ports,
                                     const Prepare& prepare);

// The descriptors that the primitive would best run with, one per port; nullopt if oneDNN cannot
// run it at all.
std::optional<std::vector<dnnl::memory::desc>> preferred(const std::vector<Port>& ports,
                                                         const Prepare& prepare);

}  // namespace gnomon::exec::cpu
