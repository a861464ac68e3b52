#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_compare(CLI::App& parent);

}  // namespace gnomon::app
