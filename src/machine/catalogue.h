#pragma once

// Machines one can rent, as data: one YAML file each in machines/, units in every key
// (doc/machine.md lists the keys). What a file leaves out is unknown, not a guess; every price
// carries its date and its source.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace gnomon::machine {

// What one hour of one machine costs.
struct Price {
  std::string terms;                     // "on-demand", "spot"
  Dollars per_hour;                      // the lowest, where the source gives a range
  std::optional<Dollars> per_hour_high;  // the highest of that range
  std::string region;                    // "" if the source names none
  std::string date;                      // when it was seen: "2026", "2026-06-17"
  std::string source;                    // where it was seen

  bool operator==(const Price&) const = default;
};

struct Accelerator {
  std::string model;  // "H100"
  int count = 0;

  bool operator==(const Accelerator&) const = default;
};

struct Machine {
  std::string name;                     // "aws-m7i-large", also the file's
  std::string description;              // one line for people
  std::string provider;                 // "aws"
  std::string processor_family;         // "sapphire-rapids" (machine/host.h); "" if unknown
  std::optional<int> hardware_threads;  // what clouds sell as vCPUs
  std::optional<int> cores;             // physical cores
  std::optional<Bytes> memory;
  std::optional<Accelerator> accelerator;
  std::vector<Price> prices;

  bool operator==(const Machine&) const = default;

  // The on-demand price, else the first; nullptr if the machine has none.
  const Price* price() const;
};

// Reads one machine. Throws InputError naming file, line, key and the remedy: an unknown or
// repeated key (with the nearest right one), a missing key, a value of the wrong type or out of
// range, or a name that is not the file's.
Machine read_machine(const std::filesystem::path& path);

// All *.yaml of a folder, by name. Throws InputError if the folder cannot be read.
std::vector<Machine> read_catalogue(const std::filesystem::path& folder);

// Throws InputError with the nearest name.
const Machine& find_machine(const std::vector<Machine>& catalogue, std::string_view name);

// The catalogue that came with this program: $GNOMON_MACHINES, or the folder machines/ nearest
// above the executable. Throws EnvironmentError if there is none.
std::filesystem::path catalogue_folder();

}  // namespace gnomon::machine
