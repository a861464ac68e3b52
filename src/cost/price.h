#pragma once

// Usage × price = money, with the date and source of the price and the assumption behind it carried
// along: an amount never travels without its provenance.

#include <string>

#include "base/units.h"
#include "machine/mapping.h"

namespace gnomon::cost {

// Items (images, requests, tokens) finished per second.
using ItemRate = Quantity<struct ItemRateUnit>;

// Money with its provenance.
struct Cost {
  Dollars amount;
  Dollars per_hour;        // the price that was multiplied
  std::string machine;     // whose price: the catalogue's name
  std::string assumption;  // how this host was mapped to it, in words
  std::string date;        // of the price
  std::string source;

  bool operator==(const Cost&) const = default;
};

// The whole host for `time`: idle cores are paid for.
Cost cost_of(Seconds time, const machine::Mapping& price);

// A million items at `throughput`, the host doing nothing else. Throws InputError unless the
// throughput is positive and finite.
Cost cost_per_million(ItemRate throughput, const machine::Mapping& price);

}  // namespace gnomon::cost
