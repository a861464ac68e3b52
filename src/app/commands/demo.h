#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_demo(CLI::App& parent);

}  // namespace gnomon::app
