#include "machine/host.h"

#include <cpuid.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/hash.h"

namespace gnomon::machine {
namespace {

// The features that kernels dispatch on, in the order of their age.
constexpr std::string_view dispatched[] = {"avx2",     "fma",         "avx_vnni",    "avx512f",
                                           "avx512bw", "avx512_vnni", "avx512_bf16", "amx_tile",
                                           "amx_bf16", "amx_int8",    "amx_fp16"};

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The first line of a file in /proc or /sys; "" if there is none.
std::string first_line(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

double number_of(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// One processor's paragraph of /proc/cpuinfo.
struct Processor {
  int number = -1;
  std::string vendor, model, package, core;
  std::vector<std::string> flags;
};

std::vector<Processor> read_processors(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw EnvironmentError("{}: cannot be read; is /proc mounted?", file.string());
  std::vector<Processor> processors;
  for (std::string line; std::getline(stream, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (key == "processor") processors.emplace_back();
    if (processors.empty()) continue;
    Processor& processor = processors.back();
    if (key == "processor") processor.number = static_cast<int>(number_of(value));
    if (key == "vendor_id") processor.vendor = value;
    if (key == "model name") processor.model = value;
    if (key == "physical id") processor.package = value;
    if (key == "core id") processor.core = value;
    if (key == "flags") processor.flags = words_of(value);
  }
  return processors;
}

// Containers and taskset restrict a process to some processors; the others are not ours to count.
void keep_allowed(std::vector<Processor>& processors) {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::erase_if(processors,
                [&](const Processor& p) { return p.number < 0 || !CPU_ISSET(p.number, &allowed); });
}

Bytes read_memory(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string key;
  for (double kib = 0; stream >> key >> kib; stream.ignore(64, '\n'))
    if (key == "MemTotal:") return Bytes(kib * 1024);
  return Bytes(0);
}

void read_caches(const std::filesystem::path& folder, Host& host) {
  for (int i = 0; i < 8; ++i) {
    const auto cache = folder / ("index" + std::to_string(i));
    const std::string level = first_line(cache / "level");
    if (level.empty() || first_line(cache / "type") == "Instruction") continue;
    const Bytes size(number_of(first_line(cache / "size")) * 1024);  // "2048K"
    if (level == "1") host.l1_data = size;
    if (level == "2") host.l2 = size;
    if (level == "3") host.l3 = size;
  }
}

// CPUID leaf 0x40000000 holds the hypervisor's signature; systemd and lscpu know the same names.
std::string hypervisor_name() {
  unsigned a = 0, words[3] = {};
  __cpuid(0x40000000, a, words[0], words[1], words[2]);
  char text[13] = {};
  std::memcpy(text, words, 12);
  const std::string_view signature = text;
  if (signature.starts_with("KVMKVMKVM")) return "KVM";
  if (signature == "Microsoft Hv") return "Hyper-V";
  if (signature == "VMwareVMware") return "VMware";
  if (signature == "XenVMMXenVMM") return "Xen";
  return signature.empty() ? "unknown" : std::string(signature);
}

}  // namespace

bool Host::has(std::string_view feature) const { return contains(features, feature); }

std::string processor_family(std::string_view vendor, const std::vector<std::string>& flags) {
  const auto has = [&](std::string_view flag) { return contains(flags, flag); };
  if (vendor == "GenuineIntel") {
    if (has("amx_fp16")) return "granite-rapids";
    if (has("amx_bf16")) return "sapphire-rapids";
    if (has("avx512_vbmi2") && has("avx512_vnni") && !has("avx512_bf16")) return "ice-lake-server";
  }
  if (vendor == "AuthenticAMD") {
    if (has("avx512f")) return has("avx_vnni") ? "zen5" : "zen4";
    if (has("vaes")) return "zen3";
  }
  return "";
}

Host read_host(const std::filesystem::path& root) {
  auto processors = read_processors(root / "proc/cpuinfo");
  keep_allowed(processors);
  if (processors.empty())
    throw EnvironmentError("{}: names no processor of ours", (root / "proc/cpuinfo").string());
  const Processor& first = processors.front();

  Host host;
  host.processor = first.model;
  host.family = processor_family(first.vendor, first.flags);
  for (const auto feature : dispatched)
    if (contains(first.flags, feature)) host.features.emplace_back(feature);
  host.hardware_threads = static_cast<int>(processors.size());
  std::set<std::pair<std::string, std::string>> cores;
  for (const auto& processor : processors) cores.emplace(processor.package, processor.core);
  host.cores = static_cast<int>(cores.size());
  host.memory = read_memory(root / "proc/meminfo");
  read_caches(root / "sys/devices/system/cpu/cpu0/cache", host);
  host.kernel = first_line(root / "proc/sys/kernel/osrelease");
  host.hypervisor = contains(first.flags, "hypervisor") ? hypervisor_name() : "none";
  host.governor = first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  return host;
}

Load read_load(const std::filesystem::path& root) {
  const auto ticks = words_of(first_line(root / "proc/stat"));  // cpu user nice system idle …
  const auto averages = words_of(first_line(root / "proc/loadavg"));
  if (ticks.size() < 9 || averages.empty())
    throw EnvironmentError("{}: not as proc(5) describes it", (root / "proc/stat").string());
  const double per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto time = [&](std::size_t i) { return Seconds(number_of(ticks[i]) / per_second); };
  return {.one_minute = number_of(averages[0]),
          .steal = time(8),
          .busy = time(1) + time(2) + time(3) + time(6) + time(7)};
}

std::string to_json(const Host& host) {
  return nlohmann::ordered_json{{"processor", host.processor},
                                {"family", host.family},
                                {"features", host.features},
                                {"hardware_threads", host.hardware_threads},
                                {"cores", host.cores},
                                {"memory_bytes", host.memory.value},
                                {"l1_data_bytes", host.l1_data.value},
                                {"l2_bytes", host.l2.value},
                                {"l3_bytes", host.l3.value},
                                {"kernel", host.kernel},
                                {"hypervisor", host.hypervisor},
                                {"governor", host.governor}}
      .dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string host_key(const Host& host) {
  // Kernels differ by a few MiB in what they keep for themselves.
  const long gib = std::lround(host.memory.value / (1 << 30));
  const std::string facts =
      fmt::format("{}|{}|{}|{}|{}|{}|{}", host.processor, fmt::join(host.features, " "),
                  host.hardware_threads, host.cores, gib, host.l2.value, host.l3.value);
  return hash128(facts).substr(0, 16);
}

}  // namespace gnomon::machine
