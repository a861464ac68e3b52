#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_evaluate(CLI::App& parent);

}  // namespace gnomon::app
