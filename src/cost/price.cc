#include "cost/price.h"

#include <cmath>

#include "base/error.h"

namespace gnomon::cost {

Cost cost_of(Seconds time, const machine::Mapping& price) {
  return {.amount = price.per_hour * (time / Seconds(3600)),
          .per_hour = price.per_hour,
          .machine = price.machine,
          .assumption = price.assumption,
          .date = price.unit.date,
          .source = price.unit.source};
}

Cost cost_per_million(ItemRate throughput, const machine::Mapping& price) {
  if (!(throughput.value > 0) || !std::isfinite(throughput.value))
    throw InputError("throughput: {} items/s has no price; it must be positive and finite",
                     throughput.value);
  return cost_of(Seconds(1e6 / throughput.value), price);
}

}  // namespace gnomon::cost
