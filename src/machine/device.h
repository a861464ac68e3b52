#pragma once

// Devices and links as data: what one accelerator or processor does at best, by its maker's word.
// One YAML file each in machines/devices/, units in every key (doc/machine.md lists the keys). What
// a file leaves out is unknown, not a guess; every group of figures carries its date and source.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "machine/rates.h"

namespace gnomon::machine {

// Where a group of figures was seen.
struct Provenance {
  std::string date;  // of the source, else when it was seen: "2026", "2026-06", "2026-06-17"
  std::string source;

  bool operator==(const Provenance&) const = default;
};

struct Memory {
  std::optional<Bytes> capacity;
  std::optional<Bandwidth> bandwidth;  // peak, reading
  Provenance provenance;

  bool operator==(const Memory&) const = default;
};

enum class LinkKind { nvlink, pcie, infiniband, ethernet };
enum class Reach { within_machine, between_machines };

// Equal links side by side: those of one device if they stay within the machine, of one machine if
// they lead to others.
struct Link {
  LinkKind kind = LinkKind::pcie;
  Reach reach = Reach::within_machine;
  std::optional<int> count;
  std::optional<Bandwidth> bandwidth;  // of one link in one direction
  std::optional<Seconds> latency;      // of the smallest message, one way
  Provenance provenance;

  bool operator==(const Link&) const = default;

  std::optional<Bandwidth> total() const;  // of all of them in one direction; nothing if unknown
};

std::string_view name(LinkKind kind);  // "nvlink"
std::string_view name(Reach reach);    // "within-machine"

// The best rate of matrix products with operands of one element type, dense ones: vendors' figures
// for 2:4 sparse matrices are twice as high.
struct Peak {
  std::string type;  // f64, f32, tf32, bf16, f16, f8: floating-point operations; i8: integer ones
  FlopRate rate;     // a multiply-add counts as two

  bool operator==(const Peak&) const = default;
};

struct Compute {
  std::vector<Peak> peaks;
  Provenance provenance;

  bool operator==(const Compute&) const = default;
};

enum class DeviceKind { processor, accelerator };

std::string_view name(DeviceKind kind);  // "accelerator"

struct Device {
  std::string name;         // "h100-sxm", also the file's
  std::string description;  // one line for people
  DeviceKind kind = DeviceKind::accelerator;
  std::optional<Compute> compute;
  std::optional<Memory> memory;
  std::vector<Link> links;  // the ports it has, which a machine need not connect

  bool operator==(const Device&) const = default;

  std::optional<FlopRate> peak(std::string_view type) const;  // nothing if unknown
};

}  // namespace gnomon::machine
