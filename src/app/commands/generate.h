#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_generate(CLI::App& parent);

}  // namespace gnomon::app
