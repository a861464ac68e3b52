#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_profile(CLI::App& parent);

}  // namespace gnomon::app
