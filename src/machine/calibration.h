#pragma once

// What this host was measured to do at best: the ceilings of the roofline model (Williams,
// Waterman, Patterson: "Roofline: an insightful visual performance model", CACM 52(4), 2009), and
// the cost of a call. exec/calibrate.h measures it; here it is a value with a text form and a place
// on disk.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "machine/host.h"
#include "machine/rates.h"

namespace gnomon::machine {

struct MatmulCeiling {
  DType dtype = DType::f32;  // of the inputs
  int threads = 1;
  FlopRate rate;  // the best of several runs

  bool operator==(const MatmulCeiling&) const = default;
};

struct Calibration {
  std::string host;         // host_key
  std::string measured_at;  // UTC
  double load = 0;          // Load::one_minute before: a busy host shows less than it can do
  std::vector<MatmulCeiling> matmul;
  Bandwidth copy;         // bytes read plus bytes written per second, all threads
  Bandwidth triad;        // a[i] = b[i] + k c[i], counted likewise (McCalpin's STREAM)
  Seconds call_overhead;  // of one primitive on one element

  bool operator==(const Calibration&) const = default;

  // The ceiling for inputs of `dtype` with `threads`, else with the most threads measured below
  // that; nullptr if the type was not measured.
  const MatmulCeiling* ceiling(DType dtype, int threads) const;

  // Whether other work ran when it was measured: the host can do more than it says.
  bool was_disturbed() const { return load > 0.5; }
};

// JSON with units in the keys and a checksum. `calibration_from_json` throws InputError naming
// `origin` if the text is no calibration or its checksum is wrong; the remedy is to measure again.
std::string to_json(const Calibration& calibration);
Calibration calibration_from_json(std::string_view text, std::string_view origin);

// $XDG_CACHE_HOME/gnomon (or ~/.cache/gnomon) / calibration-<host_key>.json. Throws
// EnvironmentError if neither variable is set.
std::filesystem::path calibration_path(const Host& host);

// The stored calibration of `host`; nothing if there is none. Throws as calibration_from_json.
std::optional<Calibration> load_calibration(const Host& host);

// Writes it atomically, creating the folder. Throws EnvironmentError.
void store_calibration(const Host& host, const Calibration& calibration);

}  // namespace gnomon::machine
