#include "machine/rates.h"

#include <fmt/format.h>

namespace gnomon {

std::string to_string(FlopRate rate) { return to_string(Flops(rate.value)) + "/s"; }

std::string to_string(Bandwidth bandwidth) {
  if (bandwidth.value >= 999.5e9) return fmt::format("{:.4g} TB/s", bandwidth.value / 1e12);
  return fmt::format("{:.3g} GB/s", bandwidth.value / 1e9);
}

}  // namespace gnomon
