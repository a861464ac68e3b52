#pragma once

// What it would cost to rent this host: the host expressed in machines of the catalogue. An
// assumption, so it says in words what it assumes, and is printed beside every price.

#include <string>
#include <vector>

#include "machine/catalogue.h"
#include "machine/host.h"

namespace gnomon::machine {

struct Mapping {
  std::string machine;  // name in the catalogue
  double machines = 0;  // how many of them make this host, by physical cores
  Dollars per_hour;     // of this host: machines × unit.per_hour
  Price unit;           // of one machine, with its date and source
  bool same_family =
      false;               // processor generations agree; otherwise cores are all that is compared
  std::string assumption;  // the whole mapping in one sentence

  bool operator==(const Mapping&) const = default;
};

// Chooses, among the x86-64 machines without accelerator whose price and cores are known, one of
// the host's processor family (the cheapest per core, on demand), else the cheapest of the others
// by cores alone. Throws InputError if the catalogue holds no such machine.
Mapping map_host(const Host& host, const std::vector<Machine>& catalogue);

}  // namespace gnomon::machine
