#include "exec/calibrate.h"

#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <functional>
#include <unordered_map>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/tensor.h"

namespace gnomon::exec {
namespace {

using machine::Calibration;

// Best of runs until either is used up; the first run is a warm-up that is not counted.
struct Effort {
  int runs;
  Seconds time;
};

Seconds best_time(Effort effort, const std::function<void()>& work) {
  work();
  Seconds best(1e9);
  const Seconds begin = now();
  for (int i = 0; i < effort.runs && now() - begin < effort.time; ++i) {
    check_interrupt();
    const Seconds start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

// OpenMP's number of threads for a while.
class Threads {
 public:
  explicit Threads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

class Device {
 public:
  // A matrix product of n³ on zeros: no kernel's speed depends on the values.
  std::function<void()> matmul(std::int64_t n, dnnl::memory::data_type type) {
    const auto describe = [&](dnnl::memory::data_type t, dnnl::memory::format_tag tag) {
      return dnnl::memory::desc({n, n}, t, tag);
    };
    using Tag = dnnl::memory::format_tag;
    const dnnl::matmul::primitive_desc chosen(
        dnnl::matmul::desc(describe(type, Tag::ab), describe(type, Tag::any),
                           describe(dnnl::memory::data_type::f32, Tag::ab)),
        engine_);
    return bind(dnnl::matmul(chosen), {{DNNL_ARG_SRC, memory(chosen.src_desc())},
                                       {DNNL_ARG_WEIGHTS, memory(chosen.weights_desc())},
                                       {DNNL_ARG_DST, memory(chosen.dst_desc())}});
  }

  // The least a call can do: a ReLU of one element.
  std::function<void()> smallest() {
    const dnnl::memory::desc one({1}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
    const dnnl::eltwise_forward::primitive_desc chosen(
        dnnl::eltwise_forward::desc(dnnl::prop_kind::forward_inference,
                                    dnnl::algorithm::eltwise_relu, one, 0.0f, 0.0f),
        engine_);
    return bind(dnnl::eltwise_forward(chosen),
                {{DNNL_ARG_SRC, memory(one)}, {DNNL_ARG_DST, memory(one)}});
  }

 private:
  using Arguments = std::unordered_map<int, dnnl::memory>;

  std::function<void()> bind(const dnnl::primitive& primitive, const Arguments& arguments) {
    return [this, primitive, arguments] {
      primitive.execute(stream_, arguments);
      stream_.wait();
    };
  }

  dnnl::memory memory(const dnnl::memory::desc& desc) {
    dnnl::memory result(desc, engine_);
    auto* bytes = static_cast<std::byte*>(result.get_data_handle());
    std::fill(bytes, bytes + desc.get_size(), std::byte{0});
    return result;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
};

// STREAM's arrays, each larger than the last-level cache, first touched by the threads that use
// them.
class Arrays {
 public:
  explicit Arrays(std::int64_t count)
      : count_(count), a_(count * sizeof(float)), b_(a_.size()), c_(a_.size()) {
    float *a = of(a_), *b = of(b_), *c = of(c_);
#pragma omp parallel for
    for (std::int64_t i = 0; i < count_; ++i) a[i] = b[i] = c[i] = 1;
  }

  void copy() {
    float* a = of(a_);
    const float* b = of(b_);
#pragma omp parallel for simd
    for (std::int64_t i = 0; i < count_; ++i) a[i] = b[i];
  }

  void triad() {
    float* a = of(a_);
    const float *b = of(b_), *c = of(c_);
#pragma omp parallel for simd
    for (std::int64_t i = 0; i < count_; ++i) a[i] = b[i] + 3 * c[i];
  }

  Bytes bytes() const { return Bytes(static_cast<double>(a_.size())); }

 private:
  static float* of(Buffer& buffer) { return reinterpret_cast<float*>(buffer.data()); }

  std::int64_t count_;
  Buffer a_, b_, c_;
};

struct Setting {
  DType dtype;
  int threads;
};

// What matrix products are worth timing on this host.
std::vector<Setting> settings_of(const machine::Host& host) {
  std::vector<int> counts = {1};
  if (host.hardware_threads > 1) counts.push_back(2);
  if (host.hardware_threads > 2) counts.push_back(host.hardware_threads);
  std::vector<Setting> settings;
  for (const int threads : counts) settings.push_back({DType::f32, threads});
  if (host.has("avx512bw"))  // oneDNN has no bf16 below it
    for (const int threads : counts) settings.push_back({DType::bf16, threads});
  return settings;
}

machine::MatmulCeiling measure_matmul(const Setting& setting) {
  constexpr std::int64_t n = 1024;
  const Flops work(2.0 * n * n * n);
  const Threads limit(setting.threads);
  Device device;
  const auto product =
      device.matmul(n, setting.dtype == DType::f32 ? dnnl::memory::data_type::f32
                                                   : dnnl::memory::data_type::bf16);
  const Seconds best = best_time({.runs = 200, .time = Seconds(1)}, product);
  return {.dtype = setting.dtype, .threads = setting.threads, .rate = work / best};
}

void measure_memory(const machine::Host& host, Calibration& calibration) {
  // 64 MiB even where the hypervisor hides the cache; a fraction of memory on small hosts.
  const double wanted = std::max(2 * host.l3.value, 64.0 * (1 << 20));
  const double bytes = std::min(wanted, host.memory.value / 16);
  Arrays arrays(static_cast<std::int64_t>(bytes / sizeof(float)));
  const Effort effort{.runs = 20, .time = Seconds(1)};
  calibration.copy = 2 * arrays.bytes() / best_time(effort, [&] { arrays.copy(); });
  calibration.triad = 3 * arrays.bytes() / best_time(effort, [&] { arrays.triad(); });
}

Seconds measure_call() {
  constexpr int calls = 1000;  // one alone is shorter than the clock's own cost
  const Threads limit(1);
  Device device;
  const auto smallest = device.smallest();
  return best_time({.runs = 200, .time = Seconds(0.5)},
                   [&] {
                     for (int i = 0; i < calls; ++i) smallest();
                   }) /
         calls;
}

}  // namespace

Calibration calibrate(const machine::Host& host) {
  Calibration calibration;
  calibration.host = machine::host_key(host);
  calibration.measured_at = timestamp_utc();
  calibration.load = machine::read_load().one_minute;
  const auto settings = settings_of(host);
  Progress progress("measuring this host", static_cast<std::int64_t>(settings.size()) + 2);
  std::int64_t done = 0;
  for (const auto& setting : settings) {
    progress.update(done++, "matrix products");
    calibration.matmul.push_back(measure_matmul(setting));
  }
  progress.update(done++, "memory");
  measure_memory(host, calibration);
  progress.update(done++, "calls");
  calibration.call_overhead = measure_call();
  return calibration;
}

machine::Calibration known_calibration(const machine::Host& host) {
  if (auto stored = machine::load_calibration(host)) return *stored;
  auto measured = calibrate(host);
  machine::store_calibration(host, measured);
  return measured;
}

}  // namespace gnomon::exec
