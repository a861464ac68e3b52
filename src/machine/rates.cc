#include "machine/rates.h"

#include <fmt/format.h>

namespace gnomon {

std::string to_string(FlopRate rate) { return to_string(Flops(rate.value)) + "/s"; }

std::string to_string(Bandwidth bandwidth) {
  return fmt::format("{:.3g} GB/s", bandwidth.value / 1e9);
}

}  // namespace gnomon
