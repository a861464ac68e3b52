#pragma once

// Machines one can rent, as data: one YAML file each in machines/, the devices they share in
// machines/devices/, units in every key (doc/machine.md lists the keys). What a file leaves out is
// unknown, not a guess; every group of figures carries its date and source.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "machine/device.h"

namespace gnomon::machine {

// What one hour of one machine costs.
struct Price {
  std::string terms;                     // "on-demand", "spot"
  Dollars per_hour;                      // the lowest, where the source gives a range
  std::optional<Dollars> per_hour_high;  // the highest of that range
  std::string region;                    // "" if the source names none
  std::string date;                      // as in Provenance
  std::string source;

  bool operator==(const Price&) const = default;
};

// The host processors, or the share of them that is rented. "" is unknown.
struct Processor {
  std::string model;                    // "Intel Xeon Platinum 8275CL"
  std::string architecture;             // "x86-64", "arm64"
  std::string family;                   // "sapphire-rapids" (machine/host.h)
  std::optional<int> hardware_threads;  // what clouds sell as vCPUs
  std::optional<int> cores;             // physical cores
  Provenance provenance;

  bool operator==(const Processor&) const = default;
};

// Equal devices of a machine.
struct DeviceGroup {
  Device device;
  int count = 0;
  Provenance provenance;  // of the count; the device has its own

  bool operator==(const DeviceGroup&) const = default;
};

struct Machine {
  std::string name;         // "aws-m7i-large", also the file's
  std::string description;  // one line for people
  std::string provider;     // "aws"
  std::optional<Processor> processor;
  std::optional<Memory> memory;  // of the host
  std::vector<DeviceGroup> devices;
  std::vector<Link> links;  // those that connect its devices, and it with others
  std::vector<Price> prices;

  bool operator==(const Machine&) const = default;

  // The on-demand price, else the first; nullptr if the machine has none.
  const Price* price() const;

  int accelerators() const;  // how many, of all kinds
};

// Read one device, one machine whose devices are among `devices`. `origin` is the file, whose name
// without extension must be theirs. Throw InputError naming file, line, key and the remedy: an
// unknown or repeated key, or an unknown name (with the nearest right one), a missing key, a value
// of the wrong type or out of range, figures without date and source, text beyond the bounds of
// machine/yaml_section.h.
Device parse_device(std::string_view text, const std::string& origin);
Machine parse_machine(std::string_view text, const std::string& origin,
                      const std::vector<Device>& devices);

// All *.yaml of a folder of devices; of a folder of machines with its folder devices/, which may be
// absent. By name. Throw as above, or if the folder cannot be read.
std::vector<Device> read_devices(const std::filesystem::path& folder);
std::vector<Machine> read_catalogue(const std::filesystem::path& folder);

// Throws InputError with the nearest name.
const Machine& find_machine(const std::vector<Machine>& catalogue, std::string_view name);

// The catalogue that came with this program: $GNOMON_MACHINES, or the folder machines/ nearest
// above the executable. Throws EnvironmentError if there is none.
std::filesystem::path catalogue_folder();

}  // namespace gnomon::machine
