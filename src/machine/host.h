#pragma once

// The computer we run on: facts that do not change while it is up, and its load that does. Read
// from /proc and /sys; no privileges, no measuring, a millisecond.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace gnomon::machine {

// What a later reader of a measurement needs to know about where it was made. A fact that the
// system does not tell is "" or 0.
struct Host {
  std::string processor;              // the model name: "Intel(R) Xeon(R) Processor"
  std::string family;                 // its generation, see processor_family
  std::vector<std::string> features;  // of those we dispatch on: avx2, avx512f, avx512_vnni, …
  int hardware_threads = 0;           // online processors that this process may run on
  int cores = 0;                      // the same, counted as cores (as the hypervisor shows them)
  Bytes memory;                       // total
  Bytes l1_data, l2, l3;              // of the first processor
  std::string kernel;                 // "6.1.0-18-amd64"
  std::string hypervisor;             // "KVM"; "none" on bare metal
  std::string governor;               // "performance"; "" where the system hides it

  bool operator==(const Host&) const = default;

  bool has(std::string_view feature) const;
};

// What else happens on it. Steal is the time since boot that the hypervisor gave to others, summed
// over processors: its growth during a measurement belongs in the record.
struct Load {
  double one_minute = 0;  // average number of runnable tasks
  Seconds steal;
  Seconds busy;  // time since boot spent running anything, likewise
};

// `root` replaces "/" in tests. Throws EnvironmentError if /proc is not mounted.
Host read_host(const std::filesystem::path& root = "/");
Load read_load(const std::filesystem::path& root = "/");

// The generation that a set of /proc/cpuinfo flags points to, because hypervisors hide model names:
// "sapphire-rapids" (amx_bf16 without amx_fp16; Emerald Rapids shows the same), "granite-rapids",
// "ice-lake-server", "zen4", "" if none fits. `vendor` as in /proc/cpuinfo.
std::string processor_family(std::string_view vendor, const std::vector<std::string>& flags);

// The facts as a JSON object with units in the keys, for records.
std::string to_json(const Host& host);

// Identifies hosts on which one calibration holds: a hash of processor, features, counts and
// memory, not of the kernel.
std::string host_key(const Host& host);

}  // namespace gnomon::machine
