#include "machine/device.h"

#include <algorithm>

namespace gnomon::machine {

std::optional<Bandwidth> Link::total() const {
  if (!count || !bandwidth) return std::nullopt;
  return *bandwidth * *count;
}

std::string_view name(LinkKind kind) {
  switch (kind) {
    case LinkKind::nvlink:
      return "nvlink";
    case LinkKind::pcie:
      return "pcie";
    case LinkKind::infiniband:
      return "infiniband";
    case LinkKind::ethernet:
      return "ethernet";
  }
  return "";
}

std::string_view name(Reach reach) {
  return reach == Reach::within_machine ? "within-machine" : "between-machines";
}

std::string_view name(DeviceKind kind) {
  return kind == DeviceKind::processor ? "processor" : "accelerator";
}

std::optional<FlopRate> Device::peak(std::string_view type) const {
  if (!compute) return std::nullopt;
  const auto found = std::find_if(compute->peaks.begin(), compute->peaks.end(),
                                  [&](const Peak& peak) { return peak.type == type; });
  if (found == compute->peaks.end()) return std::nullopt;
  return found->rate;
}

}  // namespace gnomon::machine
