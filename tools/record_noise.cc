// Records what the noise of repeated runs is like on this host, for the statistics tests: starts
// fresh processes one after the other, each of which times a matrix product for a while and prints
// the median of its iterations in microseconds. Nothing of Gnomon is used, so that the recording
// does not depend on what is tested with it.
//
//   g++ -O3 -march=native -o record_noise tools/record_noise.cc
//   ./record_noise 480 > process_medians.csv          # at most three minutes
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr int kSize = 192;
constexpr auto kDuration = std::chrono::milliseconds(120);

using Clock = std::chrono::steady_clock;

void multiply(const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c) {
  std::fill(c.begin(), c.end(), 0.0f);
  for (int i = 0; i < kSize; ++i) {
    for (int k = 0; k < kSize; ++k) {
      const float factor = a[static_cast<std::size_t>(i * kSize + k)];
      for (int j = 0; j < kSize; ++j) {
        c[static_cast<std::size_t>(i * kSize + j)] +=
            factor * b[static_cast<std::size_t>(k * kSize + j)];
      }
    }
  }
}

// Child: one replicate. Prints its median and, against removal of the work, nothing else unless
// the product is wrong.
int measure() {
  const auto count = static_cast<std::size_t>(kSize) * kSize;
  const std::vector<float> a(count, 1.0f);
  const std::vector<float> b(count, 0.5f);
  std::vector<float> c(count);
  std::vector<double> times;
  const auto start = Clock::now();
  while (Clock::now() - start < kDuration) {
    const auto before = Clock::now();
    multiply(a, b, c);
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
    if (c[count / 2] != 0.5f * kSize) return 1;
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::printf("%.3f\n", *middle);
  return 0;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

void print_header(int replicates) {
  char date[32];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", std::gmtime(&now));
  utsname system{};
  uname(&system);
  double load = 0;
  getloadavg(&load, 1);
  std::printf("# Median iteration time of %d fresh processes, one after the other, microseconds.\n",
              replicates);
  std::printf("# host: %s, %ld processors, %s %s, load %.1f at the start\n", processor().c_str(),
              sysconf(_SC_NPROCESSORS_ONLN), system.sysname, system.release, load);
  std::printf("# date: %s\n# command: record_noise %d (%d x %d f32 product, 120 ms per process)\n",
              date, replicates, kSize, kSize);
  std::printf("median_us\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--child") return measure();
  const int replicates = argc == 2 ? std::atoi(argv[1]) : 0;
  if (replicates <= 0) return std::fprintf(stderr, "usage: record_noise REPLICATES\n"), 2;
  print_header(replicates);
  for (int i = 0; i < replicates; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", argv[0], "--child", nullptr);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      return std::fprintf(stderr, "record_noise: replicate %d failed\n", i), 3;
    }
  }
}
