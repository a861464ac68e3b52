#pragma once

#include "app/command.h"

namespace gnomon::app {

// gnomon machine: what this host is, what it was measured to do, what renting it would cost; and
// the catalogue of machines.
void add_machine(CLI::App& parent);

}  // namespace gnomon::app
