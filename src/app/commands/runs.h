#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_runs(CLI::App& parent);

}  // namespace gnomon::app
