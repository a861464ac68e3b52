#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_study(CLI::App& parent);

}  // namespace gnomon::app
