#include "machine/host.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "machine/calibration.h"
#include "machine/mapping.h"

namespace gnomon::machine {
namespace {

namespace fs = std::filesystem;

class Root : public ::testing::Test {
 protected:
  Root() {
    std::string name = (fs::temp_directory_path() / "gnomon-host-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~Root() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }

  fs::path root_;
};

// The number of a processor that this process may run on.
int allowed_processor() { return ::sched_getcpu(); }

TEST_F(Root, ReadsTheFactsOfAHost) {
  write("proc/cpuinfo", "processor\t: " + std::to_string(allowed_processor()) +
                            "\nvendor_id\t: GenuineIntel\nmodel name\t: Some Xeon\n"
                            "physical id\t: 0\ncore id\t\t: 0\nflags\t\t: fpu avx2 amx_bf16\n\n"
                            "processor\t: 1023\nmodel name\t: not ours\n");
  write("proc/meminfo", "MemFree: 1 kB\nMemTotal:       1024 kB\n");
  write("sys/devices/system/cpu/cpu0/cache/index0/level", "1\n");
  write("sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n");
  write("sys/devices/system/cpu/cpu0/cache/index0/size", "48K\n");
  write("sys/devices/system/cpu/cpu0/cache/index1/level", "1\n");
  write("sys/devices/system/cpu/cpu0/cache/index1/type", "Instruction\n");
  write("sys/devices/system/cpu/cpu0/cache/index1/size", "32K\n");
  write("proc/sys/kernel/osrelease", "6.1.0\n");
  const Host host = read_host(root_);
  EXPECT_EQ(host.processor, "Some Xeon");
  EXPECT_EQ(host.family, "sapphire-rapids");
  EXPECT_EQ(host.features, (std::vector<std::string>{"avx2", "amx_bf16"}));
  EXPECT_TRUE(host.has("avx2"));
  EXPECT_FALSE(host.has("avx512f"));
  EXPECT_EQ(host.hardware_threads, 1);
  EXPECT_EQ(host.cores, 1);
  EXPECT_EQ(host.memory, Bytes(1 << 20));
  EXPECT_EQ(host.l1_data, Bytes(48 << 10));
  EXPECT_EQ(host.l3, Bytes(0));
  EXPECT_EQ(host.kernel, "6.1.0");
  EXPECT_EQ(host.hypervisor, "none");
  EXPECT_EQ(host.governor, "");
}

TEST_F(Root, ReadsLoadAndSteal) {
  write("proc/stat", "cpu  100 50 30 9999 7 0 20 400 0 0\ncpu0 1 2 3\n");
  write("proc/loadavg", "1.50 1.00 0.50 1/100 1\n");
  const Load load = read_load(root_);
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_EQ(load.one_minute, 1.5);
  EXPECT_EQ(load.steal, Seconds(400 / ticks));
  EXPECT_EQ(load.busy, Seconds(200 / ticks));
}

TEST_F(Root, WithoutProcTheEnvironmentIsAtFault) {
  EXPECT_THROW(read_host(root_), EnvironmentError);
  EXPECT_THROW(read_load(root_), EnvironmentError);
}

TEST(Host, TheRealOneIsReadable) {
  const Host host = read_host();
  EXPECT_GE(host.hardware_threads, host.cores);
  EXPECT_GE(host.cores, 1);
  EXPECT_GT(host.memory, Bytes(1 << 20));
  EXPECT_EQ(host_key(host), host_key(read_host()));
}

TEST(Host, KeysDifferWhereACalibrationWouldNotHold) {
  Host host;
  host.processor = "x";
  host.memory = Bytes(24.0 * (1 << 30));
  Host same = host;
  same.kernel = "other";
  same.memory += Bytes(1 << 20);
  Host other = host;
  other.features = {"avx2"};
  EXPECT_EQ(host_key(host), host_key(same));
  EXPECT_NE(host_key(host), host_key(other));
}

TEST(Host, FamiliesAreToldByFeatures) {
  EXPECT_EQ(processor_family("GenuineIntel", {"amx_bf16", "amx_fp16"}), "granite-rapids");
  EXPECT_EQ(processor_family("GenuineIntel", {"avx512_vbmi2", "avx512_vnni"}), "ice-lake-server");
  EXPECT_EQ(processor_family("AuthenticAMD", {"avx512f"}), "zen4");
  EXPECT_EQ(processor_family("GenuineIntel", {"avx2"}), "");
}

Calibration example() {
  return {.host = "k",
          .measured_at = "2026-11-22T02:12:22Z",
          .load = 0.25,
          .matmul = {{DType::f32, 1, FlopRate(146e9)},
                     {DType::f32, 2, FlopRate(290e9)},
                     {DType::bf16, 1, FlopRate(1.3e12)}},
          .copy = Bandwidth(1.0 / 3),
          .triad = Bandwidth(2e10),
          .call_overhead = Seconds(2.5e-7)};
}

TEST(Calibration, ParsesBackExactly) {
  EXPECT_EQ(calibration_from_json(to_json(example()), "x"), example());
}

TEST(Calibration, DamageIsRefusedWithTheRemedy) {
  const std::string text = to_json(example());
  std::string changed = text;
  changed.replace(changed.find("0.25"), 4, "0.75");
  for (const std::string& damaged :
       {changed, text.substr(0, text.size() / 2), std::string("{}"), std::string(500'000, '[')})
    try {
      calibration_from_json(damaged, "file");
      ADD_FAILURE() << damaged.substr(0, 1000);
    } catch (const InputError& error) {
      const std::string what = error.what();
      EXPECT_TRUE(what.starts_with("file: ")) << what;
      EXPECT_NE(what.find("gnomon machine measure"), std::string::npos) << what;
    }
}

TEST(Calibration, CeilingsFallBackToFewerThreads) {
  const Calibration calibration = example();
  EXPECT_EQ(calibration.ceiling(DType::f32, 2)->rate, FlopRate(290e9));
  EXPECT_EQ(calibration.ceiling(DType::f32, 8)->threads, 2);
  EXPECT_EQ(calibration.ceiling(DType::bf16, 2)->threads, 1);
  EXPECT_EQ(calibration.ceiling(DType::i8, 1), nullptr);
}

TEST_F(Root, ACalibrationIsStoredUnderTheCacheFolder) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("XDG_CACHE_HOME", root_.c_str(), 1);
  const Host host = read_host();
  EXPECT_EQ(load_calibration(host), std::nullopt);
  store_calibration(host, example());
  EXPECT_EQ(load_calibration(host), example());
  EXPECT_TRUE(calibration_path(host).string().starts_with(root_.string()));
  before != nullptr ? ::setenv("XDG_CACHE_HOME", saved.c_str(), 1) : ::unsetenv("XDG_CACHE_HOME");
}

Machine rentable(std::string name, std::string family, int cores, double dollars) {
  Machine machine;
  machine.name = std::move(name);
  machine.processor = Processor{"", "", std::move(family), std::nullopt, cores, {}};
  machine.prices = {{"on-demand", Dollars(dollars), std::nullopt, "", "2026", "s"}};
  return machine;
}

TEST(Mapping, PrefersTheFamilyThenThePricePerCore) {
  Host host;
  host.family = "sapphire-rapids";
  host.cores = 2;
  Machine accelerated = rentable("gpu", "sapphire-rapids", 8, 0.01);
  accelerated.devices = {{Device{}, 1, {}}};
  const std::vector<Machine> catalogue = {rentable("other", "zen4", 1, 0.01), accelerated,
                                          rentable("dear", "sapphire-rapids", 1, 0.2),
                                          rentable("right", "sapphire-rapids", 4, 0.4)};
  const Mapping mapping = map_host(host, catalogue);
  EXPECT_EQ(mapping.machine, "right");
  EXPECT_TRUE(mapping.same_family);
  EXPECT_DOUBLE_EQ(mapping.machines, 0.5);
  EXPECT_DOUBLE_EQ(mapping.per_hour.value, 0.2);
  EXPECT_EQ(mapping.unit.date, "2026");

  host.family = "";
  const Mapping guess = map_host(host, catalogue);
  EXPECT_EQ(guess.machine, "other");
  EXPECT_FALSE(guess.same_family);
  EXPECT_NE(guess.assumption.find("by core count only"), std::string::npos) << guess.assumption;
  EXPECT_THROW(map_host(host, {accelerated}), InputError);
  Machine foreign = rentable("foreign", "", 2, 0.01);
  foreign.processor->architecture = "arm64";
  EXPECT_THROW(map_host(host, {foreign}), InputError);
}

TEST(Rates, WorkDividedByARateIsATime) {
  EXPECT_DOUBLE_EQ((Flops(4) / FlopRate(2)).value, 2);
  EXPECT_DOUBLE_EQ((Bytes(9) / Bandwidth(3)).value, 3);
  EXPECT_EQ(to_string(Flops(340e9) / Seconds(1)), "340 GFLOP/s");
  EXPECT_EQ(to_string(Bandwidth(9.81e9)), "9.81 GB/s");
  EXPECT_EQ(to_string(Bandwidth(1.555e12)), "1.555 TB/s");
}

}  // namespace
}  // namespace gnomon::machine
