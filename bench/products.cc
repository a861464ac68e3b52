// Our own matrix products against oneDNN's, in turn, for those of transformers; "–" where ours are
// left out. The ceiling is oneDNN's product of 1024³. The lower quartile of each,
// because neighbours disturb; operands are in the caches, which in a training step they need not be.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/clock.h"
#include "base/tensor.h"
#include "exec/cpu/contraction_kernel.h"
#include "exec/cpu/gemm.h"
#include "exec/cpu/parallel.h"
#include "ir/op_info.h"
#include "stats/quantile.h"

namespace gnomon::exec::cpu {
namespace {

constexpr int threads = 2;
constexpr double seconds = 0.5;  // for each product

struct Product {
  const char* what;
  ir::MatMul op;
  std::vector<ir::Dim> lhs, rhs;
};

const Product products[] = {
    {"GPT-nano, gradient of feed_forward.up", {true, false}, {768, 128}, {768, 512}},
    {"GPT-nano, gradient of feed_forward.down", {true, false}, {768, 512}, {768, 128}},
    {"GPT-nano, gradient of attention.query", {true, false}, {768, 128}, {768, 128}},
    {"the same with four times the examples", {true, false}, {3072, 128}, {3072, 512}},
    {"GPT-nano, queries by keys", {false, true}, {48, 64, 32}, {48, 64, 32}},
    {"GPT-nano, attention by values", {false, false}, {48, 64, 64}, {48, 64, 32}},
    {"GPT-mini, queries by keys", {false, true}, {48, 256, 64}, {48, 256, 64}},
    {"GPT-mini, attention by values", {false, false}, {48, 256, 256}, {48, 256, 64}},
};

Buffer random_floats(const ir::Type& type) {
  Buffer buffer(static_cast<std::size_t>(ir::stored_bytes(type, {}).value));
  auto* const values = reinterpret_cast<float*>(buffer.data());
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < buffer.size() / sizeof(float); ++i)
    values[i] = static_cast<float>((state = state * 1664525 + 1013904223) >> 8) * 0x1p-24F - 0.5F;
  return buffer;
}

// Operations a second of each kernel; all of them on the same operands.
std::vector<double> speeds(const Site& site, const std::vector<Kernel*>& kernels) {
  const std::vector<ir::Type> types{site.operands[0].type, site.operands[1].type};
  const double flops = ir::cost(site.node.op, types, site.node.results).flops.value;
  Buffer lhs = random_floats(types[0]), rhs = random_floats(types[1]);
  Buffer result = random_floats(site.node.results[0]);
  std::byte* operands[] = {lhs.data(), rhs.data()};
  std::byte* results[] = {result.data()};
  std::vector<Buffer> scratch;
  for (const auto* kernel : kernels) scratch.emplace_back(kernel->scratch_bytes());
  std::vector<std::vector<double>> times(kernels.size());
  for (const Seconds begin = now(); (now() - begin).value < seconds;)
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      const Seconds start = now();
      kernels[k]->run({operands, results, scratch[k].data()});
      times[k].push_back((now() - start).value);
    }
  std::vector<double> found;
  for (const auto& each : times) found.push_back(flops / stats::quantile(each, 0.25));
  return found;
}

Contraction contraction_of(const ir::Node& node) {
  Contraction contraction;
  contraction.node = node;
  return contraction;
}

Site site_of(const ir::Node& node, const std::vector<ir::Type>& types) {
  return {node, {{types[0], {}}, {types[1], {}}}, {{node.results[0], {}}}, threads};
}

std::unique_ptr<Kernel> onednn(const Contraction& contraction, const Site& site,
                               const Device& device) {
  const auto call = call_of(contraction, device, site.operands, site.results[0]);
  return make_primitive(device, call->ports, call->prepare, Threads::pool);
}

ir::Node node_of(const ir::MatMul& op, const std::vector<ir::Type>& types) {
  ir::Node node{op, std::vector<ir::Value>(2), {}, {}, {}};
  node.results = ir::infer(node.op, types);
  return node;
}

void run() {
  const PoolSize pool(threads);
  const Device device;
  const std::vector<ir::Type> square(2, {DType::f32, {1024, 1024}});
  const ir::Node best = node_of({}, square);
  const Site best_site = site_of(best, square);
  const auto reference = onednn(contraction_of(best), best_site, device);
  const double ceiling = speeds(best_site, {reference.get()})[0];
  fmt::print("f32, {} threads, GFLOP/s; oneDNN's product of 1024 × 1024 × 1024: {:.0f}\n\n",
             threads, ceiling * 1e-9);
  fmt::print("{:<42} {:>6} {:>7} {:>6} {:>15}\n", "", "ours", "oneDNN", "ratio", "of that product");
  for (const auto& product : products) {
    const std::vector<ir::Type> types{{DType::f32, product.lhs}, {DType::f32, product.rhs}};
    const ir::Node node = node_of(product.op, types);
    const Site site = site_of(node, types);
    const auto ours = make_gemm(contraction_of(node), site);
    if (ours == nullptr) {
      fmt::print("{:<42} {:>6}\n", product.what, "–");
      continue;
    }
    const auto peer = onednn(contraction_of(node), site, device);
    const auto found = speeds(site, {ours.get(), peer.get()});
    fmt::print("{:<42} {:>6.0f} {:>7.0f} {:>6.2f} {:>13.0f} %\n", product.what, found[0] * 1e-9,
               found[1] * 1e-9, found[0] / found[1], 100 * found[0] / ceiling);
  }
}

}  // namespace
}  // namespace gnomon::exec::cpu

int main() { gnomon::exec::cpu::run(); }
