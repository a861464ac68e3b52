// A steady state allocates nothing. Counted by standing in front of the C library's allocator,
// which sanitizers do themselves.

#include <gtest/gtest.h>

#include "cpu_lenet.h"
#include "exec/cpu/cpu.h"

#if defined(GNOMON_SANITIZERS) || !defined(__GLIBC__)
#define GNOMON_COUNTS_ALLOCATIONS 0
#else
#define GNOMON_COUNTS_ALLOCATIONS 1
#endif

#if GNOMON_COUNTS_ALLOCATIONS
namespace {

thread_local bool counting = false;
thread_local long allocations = 0;
thread_local std::size_t largest = 0;

void count(std::size_t bytes) {
  if (!counting) return;
  ++allocations;
  largest = std::max(largest, bytes);
}

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);                 // NOLINT: glibc's name
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT
void* malloc(std::size_t bytes) {
  count(bytes);
  return __libc_malloc(bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  count(bytes);
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** at, std::size_t alignment, std::size_t bytes) {
  count(bytes);
  *at = __libc_memalign(alignment, bytes);
  return *at == nullptr ? ENOMEM : 0;
}
}
#endif

namespace gnomon::exec {
namespace {

#if GNOMON_COUNTS_ALLOCATIONS

struct Count {
  long allocations;
  std::size_t largest;
};

// What the second of two equal runs allocates.
Count steady_state(const ir::Program& program, const std::vector<Tensor>& arguments) {
  CpuExecutor cpu({.threads = 2});
  auto executable = cpu.compile(program);
  States states(program, 1);
  std::vector<Tensor> outputs;
  std::vector<const Tensor*> pointers;
  for (const auto& argument : arguments) pointers.push_back(&argument);
  for (int i = 0; i < 3; ++i) executable->run(pointers, states, outputs);
  ::allocations = 0;
  ::largest = 0;
  ::counting = true;
  executable->run(pointers, states, outputs);
  ::counting = false;
  return {::allocations, ::largest};
}

TEST(CpuAllocation, OurKernelsAllocateNothing) {
  ir::Builder b("ours");
  const ir::Type type{DType::f32, {{"b", 64}, 4, 8, 8}};
  const auto x = b.input("x", type);
  const auto w = b.parameter("w", {DType::f32, {4}}, {ir::Initial::Kind::uniform, 1});
  const auto shifted = b(ir::Add{}, {x, b(ir::Broadcast{{1}, type}, {w})});
  const auto pooled = b(ir::MaxPool{}, {b(ir::Relu{}, {shifted})});
  const auto rows = b(ir::Reshape{{DType::f32, {{"b", 64}, 64}}}, {pooled});
  b.output("y", b(ir::LogSoftmax{}, {rows}));
  const auto sum = b(ir::Sum{4, {0, 2, 3}}, {shifted});
  b.write("w", b(ir::Multiply{}, {sum, w}));
  const auto count = steady_state(b.finish(), {Tensor(DType::f32, {64, 4, 8, 8})});
  EXPECT_EQ(count.allocations, 0);
}

// oneDNN makes a few small objects a call, and its matrix products 16 KiB where there is no AVX-512;
// neither it nor we make room for data, of which the smallest layer has 21 KiB.
TEST(CpuAllocation, TrainingStepsMakeNoRoomForData) {
  CpuExecutor cpu;
  for (const auto precision : {DType::f32, DType::bf16}) {
    SCOPED_TRACE(name(precision));
    std::vector<Tensor> arguments;
    arguments.push_back(lenet::images(64, 1));
    arguments.push_back(lenet::labels(64, 1));
    arguments.push_back(Tensor::scalar(0.01f));
    const auto count = steady_state(lenet::training({"b", 64}, precision, cpu.target()), arguments);
    EXPECT_LT(count.largest, 20'000u);
    EXPECT_LT(count.allocations, 600);
  }
}

#else

TEST(CpuAllocation, IsNotCountedUnderSanitizers) {
  GTEST_SKIP() << "sanitizers replace the allocator that the test stands in front of";
}

#endif

}  // namespace
}  // namespace gnomon::exec
